"""What can be wrong with a training: settings, images, weights to start from, the folder."""

import json

from tests.corpus.case import Case
from tests.corpus.surroundings import Surroundings

_SETTINGS = {"dataset": "digits", "search_space": "tiny", "steps": 2, "workdir": "{root}/run"}


def _case(name: str, message: str, *, found: int = 0, **settings: object) -> Case:
    return Case(name, "train", _SETTINGS | settings, message, found=found)


_LONG = "x" * 300
# Nothing listens at the second address; the first is any that is free.
_WORKERS = ["localhost:0", "localhost:1"]
_TF_CONFIG = json.dumps({"cluster": {"worker": _WORKERS}, "task": {"type": "worker", "index": 0}})
# Of the run that all tests share.
_TRAINED = {"labels_per_class": 5, "steps": 12, "labelled_batch": 8, "unlabelled_ratio": 2}


def _full(name: str, message: str, most_bytes: int, **settings: object) -> Case:
    """A disk with too little room."""
    around = Surroundings(most_bytes=most_bytes)
    return Case(name, "train", _SETTINGS | settings, message, found=11, around=around)


CASES = (
    # Images.
    _case("unknown set", "unknown data set 'digitz'; available: digits", dataset="digitz"),
    _case(
        "no such user", "~nosuchuser/x: there is no such user", dataset="~nosuchuser/x", found=17
    ),
    _case("too long a name", "File name too long", dataset=_LONG, found=17),
    _case("name that is no text", "it must be valid UTF-8", dataset="bad\udcff", found=12),
    _case("name of two lines", r"no\nwhere' has a name that", dataset="{root}/no\nwhere"),
    _case("no images", "has no sub-folders: one sub-folder a class", dataset="{empty}"),
    _case("one class", "has one sub-folder, 'cat': ", dataset="{one_class}"),
    _case("a class of two lines", r"one line, 'd\nog': rename it", dataset="{lines}"),
    _case("PostScript as images", "none of the images in ", dataset="{broken}"),
    _case("parts as classes", "folders train, test, which look like parts", dataset="{parts}"),
    _case("a file as images", "is not a folder", dataset="{file}"),
    _case("no unlabelled images", "folder nowhere does not exist", unlabelled="nowhere"),
    _case("no test images", "the test folder nowhere does not exist", test="nowhere"),
    _case(
        "a class as unlabelled images",
        "has one sub-folder, 'dog'",
        dataset="{photos}",
        unlabelled="{photos}/cat",
    ),  # fmt: skip
    _case(
        "test images as unlabelled ones",
        "have images in common",
        test="{photos}",
        unlabelled="{photos}/cat",
    ),  # fmt: skip
    _case("too few labels", "labels_per_class is 0: training needs at least", labels_per_class=0),
    _case("too many labels", "1000 labels asked", labels_per_class=1000),
    _case("labels in words", "labels_per_class is 'some'", labels_per_class="some"),
    _case("all are test images", "test_fraction is 1.5: it must", test_fraction=1.5),
    _case("less than no validation", "validation is -0.5: it must", validation=-0.5),
    _case("group without end", "not a regular expression", dataset="{photos}", group="("),
    _case("split that is none", "cannot read ", dataset="{photos}", split="{root}/no.json"),
    _case("two channels", "channels is 2", channels=2),
    _case("what to do with strangers", "foreign is 'drop': available: guard", foreign="drop"),
    _case(
        "guard without features",
        "foreign is guard, and pretrained is none",
        foreign="guard",
        pretrained="none",
    ),  # fmt: skip
    Case(
        "no folder for images that memory has no room for",
        "train",
        _SETTINGS | {"dataset": "{photos}", "image_memory_mib": 0},
        "file cannot hold them (Not a directory): make room there, name another folder",
        around=Surroundings(temporary="{file}"),
    ),
    _case("less than no memory", "image_memory_mib is -1: it must", image_memory_mib=-1),
    # The net and what it starts from.
    _case("unknown space", "unknown search space 'mcv'; available: ", search_space="mcv"),
    _case("no space file", "cannot read no.json: No such file", search_space="no.json"),
    _case("space file of a megabyte", "it is larger than 1 MiB", search_space="{large_json}"),
    _case("split without end", "it is no regular file", split="/dev/zero"),
    _case(
        "space file of something else", "is damaged: it is not JSON", search_space="{nested_json}"
    ),
    _case(
        "block that is a number", "stages[0].block: the block is 1.5", search_space="{block_json}"
    ),
    _case(
        "kernels that are a number",
        "stages[0].block: block depthwise_separable: kernels is 3.5; wanted a list",
        search_space="{kernels_json}",
    ),
    _case(
        "expand ratio below nothing",
        "mcu, stage 1: expand (-1,): every number must be above 0",
        search_space="{expands_json}",
    ),
    _case("resolution of another space", "resolution 33 is not one of 16", resolutions=33),
    _case("resolution in words", "resolutions is 'big': it must be a whole", resolutions="big"),
    _case(
        "unknown weights", "unknown pretrained weights 'imagenet'; wanted", pretrained="imagenet"
    ),
    _case("no weights", "there is no file no.weights.h5", pretrained="no.weights.h5"),
    _case(
        "weights of no net",
        "holds no weights of a tiny supernet",
        pretrained="{empty_weights}/no.weights.h5",
    ),  # fmt: skip
    _case(
        "weights that are a link to themselves",
        "'classifier/bias' in it is a link elsewhere",
        pretrained="{empty_weights}/loop.weights.h5",
    ),
    _case(
        "supernet with weights that are no numbers",
        "is not loaded: 'classifier/kernel' in it holds NaN or infinity",
        pretrained="{nan_weights}/nan.weights.h5",
    ),
    _case(
        "MobileNet with weights that are no numbers",
        "the weight 'predictions/kernel' contains NaN or infinity",
        pretrained="{mobilenet_keras}",
    ),
    _case("weights of another family", "not a MobileNetV1, V2 or V3", pretrained="{vector_keras}"),
    _case(
        "weights with code in them",
        "the Lambda layer 'mine', which is code",
        pretrained="{code_keras}",
    ),  # fmt: skip
    _case("unknown teacher", "unknown teacher 'resnet'; wanted", teacher="resnet"),
    _case("no teacher", "there is no model file no.keras", teacher="no.keras"),
    _case(
        "teacher with code in it", "the Lambda layer 'mine', which is code", teacher="{code_keras}"
    ),
    _case("teacher of vectors", "takes no images of ours: its", teacher="{vector_keras}"),
    _case("teacher without pooling", "is not pooled: an image has", teacher="{flat_keras}"),
    _case(
        "teacher of another size",
        "teacher_resolution is 96: the teacher",
        teacher="{flat_keras}",
        teacher_resolution=96,
    ),  # fmt: skip
    _case(
        "teacher of no such size",
        "efficientnet_lite0: resolution 100 is not one of 96, 128",
        teacher="efficientnet_lite0",
        teacher_resolution=100,
    ),  # fmt: skip
    # How to train.
    _case("unknown strategy", "strategy is 'horovod': available: mirrored", strategy="horovod"),
    _case(
        "workers of nobody",
        "strategy is multiworker, and the environment has no TF_CONFIG",
        strategy="multiworker",
    ),  # fmt: skip
    Case(
        "a worker that never comes",
        "train",
        _SETTINGS | {"strategy": "multiworker", "connect_seconds": 1},
        "worker 1 (localhost:1: Connection refused): not there after 1 s (connect_seconds). Is the",
        around=Surroundings(environment=(("TF_CONFIG", _TF_CONFIG),)),
    ),
    _case("no time for workers", "connect_seconds is 0: it must lie between", connect_seconds=0),
    _case("steps below 0", "steps is -1: it must lie between 0 and 100000000", steps=-1),
    _case("steps for ever", "it must lie between 0 and 100000000", steps=10**12),
    _case("steps of 5000 digits", "it must be a whole number", steps="9" * 5000),
    _case("steps in words", "steps is 'many': it must be a whole number", steps="many"),
    _case("seed below 0", "it must lie between 0 and 4294967295", seed=-1, found=17),
    _case("seed above 32 bits", "it must lie between 0 and 4294967295", seed=2**32, found=17),
    _case("rate below 0", "learning_rate is -0.1: it must be above 0", learning_rate=-0.1),
    _case("rate that is none", "it must be a finite number", learning_rate="nan"),
    _case("threshold above 1", "it must lie between 0 and 1", threshold=1.5),
    _case("unknown rule", "pseudo_label is 'best': available: adamatch", pseudo_label="best"),
    _case("unknown distillation", "distillation is 'kd': available: alpha", distillation="kd"),
    _case("unknown loss", "min_loss is 'distil=1': wanted labelled", min_loss="distil=1"),
    # The folder.
    _case("no folder", "no workdir given", workdir=""),
    _case("a file as folder", "is a file: choose a folder as workdir", workdir="{file}"),
    _case("a link to nothing", "link to nowhere, where nothing is", workdir="{dangling}"),
    _case("a folder in a file", "cannot use ", workdir="{file}/run"),
    _case("too long a folder", "File name too long", workdir="{root}/" + _LONG, found=17),
    _case("a foreign folder", "not empty and holds no run", workdir="{foreign}"),
    _case(
        "a foreign folder to overwrite",
        "what is not a run's is never deleted",
        workdir="{foreign}",
        overwrite=True,
        found=3,
    ),  # fmt: skip
    _case("another run's folder", "holds another run", workdir="{trained}"),
    _case(
        "another process's folder",
        "another process (number 4711) works in",
        workdir="{locked}",
        found=9,
    ),  # fmt: skip
    _case(
        "another process's folder, before images are read",
        "another process (number 4711) works in",
        dataset="{broken}",
        workdir="{locked}",
    ),
    _full("no room for a run", "cannot write ", 0, workdir="{root}/full"),
    _full(
        "no room for the logs",
        "sampled.jsonl: File too large",
        4096,
        workdir="{untrained}",
        **_TRAINED,
    ),
    Case(
        "no room for the weights",
        "train",
        _SETTINGS | _TRAINED | {"workdir": "{untrained}"},
        "supernet.weights.h5: File too large",
        in_python=False,
        found=11,
        around=Surroundings(most_bytes=50_000),
    ),
    # What was behind the link is deleted first.
    Case(
        "no room for a run behind a link",
        "train",
        _SETTINGS | {"workdir": "{linked}", "overwrite": True},
        "linked/config.json: File too large",
        found=16,
        around=Surroundings(most_bytes=100),
    ),
    # What training leaves.
    _case(
        "checkpoint of another version",
        "cannot read the checkpoint ",
        found=14,
        workdir="{run_of_flipped_checkpoint}",
        **_TRAINED,
    ),
    _case(
        "checkpoint of no numbers",
        "arrays are not finite, e.g. ",
        found=8,
        workdir="{run_of_infinite_checkpoint}",
        **_TRAINED,
    ),
    Case(
        "unlabelled images beside the classes",
        "train",
        _SETTINGS | {"dataset": "{mixed}", "workdir": "{file}"},
        "is a file: choose a folder as workdir",
        found=7,
        also=("unlabeled is taken as unlabelled images, not as a class",),
    ),
)
