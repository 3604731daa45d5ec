"""What can be wrong with what other commands read: reports, models, logs, checkpoints, settings."""

from tests.corpus.case import Case
from tests.corpus.surroundings import Surroundings

_CHECKED = {"firmware": "{firmware}"}
_CONVERTED = {"source": "ofa_mbv3_w1.0", "output": "{root}/converted.weights.h5"}
CASES = (
    # Reports.
    Case("no report", "report", {"workdir": "{trained}"}, "has no report.json: deploy the run"),
    Case(
        "empty report",
        "report",
        {"workdir": "{run_of_empty_report}"},
        "format 1, where this version writes and reads format 3",
    ),
    Case(
        "report cut short",
        "report",
        {"workdir": "{run_of_cut_report}"},
        "report.json is damaged: it is not JSON",
    ),
    Case("nothing to compare", "compare", {}, "runs is missing: Folders of runs."),
    Case("compared without report", "compare", {"runs": "{trained}"}, "has no report.json"),
    Case(
        "checked without report",
        "check",
        {"workdir": "{trained}", "against": "{trained}"},
        "has no report.json",
    ),
    # Models.
    Case(
        "several models",
        "predict",
        {"model": "{several_models}", "inputs": "{photos}"},
        "holds several models; name one of",
    ),
    Case(
        "a run that is not deployed",
        "predict",
        {"model": "{trained}", "inputs": "{photos}"},
        "holds no model with a report.json",
    ),
    Case(
        "nothing to predict", "predict", {"model": "{empty}"}, "inputs is missing", in_python=False
    ),
    Case(
        "no deployed model",
        "predict",
        {"model": "{empty}", "inputs": "{photos}"},
        "holds no model with a report.json",
    ),
    # Logs.
    Case(
        "no log",
        "check-log",
        {**_CHECKED, "log": "no.log"},
        "cannot read log no.log",
        in_python=False,
    ),
    Case(
        "no firmware",
        "check-log",
        {"firmware": "{empty}", "log": "{wrong_log}"},
        "no readable test_vectors.json",
    ),
    Case(
        "log of noise",
        "check-log",
        {**_CHECKED, "log": "{noise_log}"},
        "no line that starts with MODEL",
    ),
    Case(
        "time of 5000 digits",
        "check-log",
        {**_CHECKED, "log": "{digits_log}"},
        "the log is garbled: 'VECTOR 0 us 999",
        found=19,
    ),
    Case(
        "output of 400 digits",
        "check-log",
        {**_CHECKED, "log": "{number_log}"},
        "the log is garbled: 'VECTOR 0 us 5",
        found=19,
    ),
    Case("other outputs", "check-log", {**_CHECKED, "log": "{wrong_log}"}, "disagrees at vector 0"),
    # Checkpoints of PyTorch.
    Case(
        "no checkpoint",
        "convert",
        {**_CONVERTED, "checkpoint": "no.pth"},
        "cannot read no.pth: No such file",
    ),
    Case(
        "checkpoint with code in it",
        "convert",
        {**_CONVERTED, "checkpoint": "{pickle_pth}"},
        "is damaged or not a PyTorch checkpoint",
    ),
    Case(
        "checkpoint that unfolds",
        "convert",
        {**_CONVERTED, "checkpoint": "{bomb_pth}"},
        "is damaged or not a PyTorch checkpoint (compressed numbers)",
    ),
    Case(
        "checkpoint that is text",
        "convert",
        {**_CONVERTED, "checkpoint": "{text_keras}"},
        "is damaged or not a PyTorch checkpoint",
    ),
    Case(
        "unknown net",
        "convert",
        {"source": "vgg", "output": "x.weights.h5", "checkpoint": "{pickle_pth}"},
        "unknown source 'vgg'; available",
    ),
    # Settings in a file, and on the command line.
    Case(
        "unknown key",
        "train",
        {"config": "{unknown_toml}"},
        "unknown setting 'stepz'",
        in_python=False,
    ),
    Case("no TOML", "train", {"config": "{no_toml}"}, "is no TOML: ", in_python=False),
    Case(
        "no file of settings",
        "train",
        {"config": "no.toml"},
        "cannot read no.toml",
        in_python=False,
    ),
    Case(
        "settings without end",
        "train",
        {"config": "/dev/full"},
        "cannot read /dev/full: it is no regular file",
        in_python=False,
        found=24,
    ),
    Case(
        "settings from a pipe that nobody writes to",
        "train",
        {"config": "{pipe_toml}"},
        "it is no regular file",
        in_python=False,
    ),
    Case(
        "settings of a megabyte",
        "train",
        {"config": "{large_toml}"},
        "large.toml: it is larger than 1 MiB",
        in_python=False,
    ),
    Case(
        "a file of flags",
        "train",
        {"flagfile": "/dev/full"},
        "flagfile is no setting",
        in_python=False,
    ),
    Case(
        "report without end",
        "report",
        {"workdir": "{run_of_endless_report}"},
        "report.json: it is no regular file",
    ),
    Case(
        "log without end",
        "check-log",
        {**_CHECKED, "log": "/dev/zero"},
        "cannot read log /dev/zero: it is no regular file",
        in_python=False,
    ),
    Case(
        "unknown flag", "train", {"stepz": 3}, "flag 'stepz'. Did you mean: steps", in_python=False
    ),
    Case(
        "neither images nor classes",
        "plan",
        {"search_space": "mcu"},
        "either dataset or num_classes is needed",
    ),
    Case("plan for a run", "plan", {"dataset": "{trained}"}, "at least two classes"),
    Case("plan for no set", "plan", {"dataset": "no-set"}, "unknown data set 'no-set'"),
    # What is around it.
    Case(
        "locale of ASCII",
        "report",
        {"workdir": "{reported_\xfc}"},
        r"reported_\xfc/report.html",
        found=13,
        goes_on=True,
        around=Surroundings(ascii=True),
    ),
    Case(
        "threads without end",
        "benchmarks.benchmark_tflite",
        {"models": "*.tflite", "output": "{root}/measured", "threads": 99_999_999_999},
        "threads is (99999999999,): it must lie between 1 and ",
        found=20,
    ),
)
