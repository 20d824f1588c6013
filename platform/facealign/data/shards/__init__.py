"""Prepared faces as Arrow IPC files: writer, index, reader, verification."""
