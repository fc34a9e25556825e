"""Software in the loop: scenarios, the runner that flies them, and the report of a flight."""
