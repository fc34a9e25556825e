"""Messages declared once: fields, codec, limits and the mission dictionary all follow from the class."""
