"""The executive app: restarts apps by command and reports on all of them."""
