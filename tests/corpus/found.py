"""Faults that once were found by attacking a whole version; each has a case, and stays mended."""

from collections.abc import Mapping

# What happened then, by the number that cases name.
FOUND: Mapping[int, str] = {
    1: "a .h5 model with a Lambda layer executed code",
    2: "names of boards became paths, and folders outside of the run were deleted",
    3: "overwriting deleted somebody else's folder",
    4: "an export over a run deleted the run",
    5: "changed images went unnoticed",
    6: "after split.json was deleted, test images were such as had been trained on",
    7: "a folder of unlabelled images was trained as one more class",
    8: "weights that are not finite counted as trained",
    9: "two processes worked in one folder",
    10: "a recurrent model ended in a segmentation fault",
    11: "a full disk ended in tracebacks",
    12: "a path that is not UTF-8 failed at the end of all training",
    13: "a locale without UTF-8 ended in a traceback at the plus-minus sign",
    14: "damaged files of a run ended in tracebacks",
    15: "a board's name put C code into a header",
    16: "a symbolic link as work directory ended in a traceback",
    17: "seeds, users, names and limits that cannot be ended in tracebacks",
    18: "board files with lists for names, or nested deeply, ended in tracebacks",
    19: "a board's log with numbers of thousands of digits ended in a traceback",
    20: "so many threads that there cannot be printed the model's bytes",
    21: "a small model file filled the memory",
    22: "output to a full device ended in a traceback",
    23: "SIGTERM while a model loads or is exported ended without a word",
    24: "a file of settings without an end filled the memory",
}
