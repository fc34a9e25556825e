"""Event services: the events of all apps at once, and the logs on board for whoever wants to read them."""
