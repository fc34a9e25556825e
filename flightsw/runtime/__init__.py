"""Two runtimes, one behaviour: lock-step in virtual time, and processes in real time."""
