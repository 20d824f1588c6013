"""One file per published data set: its own format → ``FaceRecord``."""
