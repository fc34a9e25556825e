"""The devices on board: compute board, camera, mass memory, radios."""
