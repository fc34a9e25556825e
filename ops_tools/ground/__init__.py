"""The ground segment: link, decoder, telemetry, alarms, commanding, files and passes, stepped by injected time."""
