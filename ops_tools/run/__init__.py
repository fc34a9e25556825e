"""A flight over processes: simulator, flight software and ground, each on its own, on one clock."""
