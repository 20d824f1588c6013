"""Reports: images of faces, plots, tables, and the progress of a training.

Import the module you need: each brings its own libraries (matplotlib and OpenCV, or rich), and a command that
shows progress has no use for the others.
"""
