"""What every app can build on: events, tables, time, store, slots, calendar and modes."""
