"""Device drivers: they compose a request, the port carries it, they check the reply."""
