"""The console: the terminal view of a ground segment, and the server and client of its interface over HTTP."""
