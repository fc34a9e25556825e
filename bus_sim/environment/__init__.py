"""Where the spacecraft is, and what it sees there: orbit, Earth, Sun, shadow and ground stations."""
