"""The ground: link, console, software-in-the-loop runner and reports, command line."""
