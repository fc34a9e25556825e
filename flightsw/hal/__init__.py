"""Hardware ports and their back ends: in process, to a simulator in another process, and memory for blobs."""
