"""What is decided about the life of apps, apart from what carries it out: the same for lock-step and for processes."""
