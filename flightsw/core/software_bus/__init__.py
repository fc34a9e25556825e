"""The software bus app: the links between processes and computers, and what goes wrong there."""
