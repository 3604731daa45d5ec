"""What can be wrong with a deployment: boards, budgets, how; and with the run that is deployed."""

from tests.corpus.case import Case


def _case(name: str, message: str, *, found: int = 0, **settings: object) -> Case:
    return Case(name, "run", settings, message, found=found)


def _run(name: str, message: str, workdir: str, found: int = 0) -> Case:
    settings = {"workdir": workdir, "scenarios": "macs=60k"}
    return Case(name, "deploy", settings, message, found=found)


CASES = (
    # Boards.
    _case("unknown board", "unknown board 'pdp11'", boards="pdp11"),
    _case("limit in words", "rp2040@soon: wanted a limit such as @100ms", boards="rp2040@soon"),
    _case("limit of 400 digits", "wanted a limit", boards=f"rp2040@{'9' * 400}ms", found=17),
    _case("no file of boards", "cannot read board file no.toml", boards="no.toml"),
    _case("board that is the parent", "is no name for a board", boards="{parent_toml}", found=2),
    _case(
        "board that is another folder", "is no name for a board", boards="{victim_toml}", found=2
    ),
    _case(
        "board that is an absolute path",
        "is no name for a board",
        boards="{absolute_json}",
        found=2,
    ),
    _case("board that is C code", "is no name for a board", boards="{c_code_toml}", found=15),
    _case("core that is a list", "is no text of one line", boards="{list_toml}", found=18),
    _case("TOML nested too deeply", "nested too deeply", boards="{nested_toml}", found=18),
    _case("JSON nested too deeply", "nested too deeply", boards="{nested_json}", found=18),
    _case("boards of a megabyte", "it is larger than 1 MiB", boards="{large_toml}"),
    _case("TOML that is not UTF-8", "can't decode byte 0xe9", boards="{latin_toml}"),
    _case("board too slow", "nothing fits; the smallest subnet of ", boards="rp2040@1000fps"),
    # Budgets.
    _case("unknown budget", "cannot read 'sram=3'", scenarios="sram=3"),
    _case("budget below 0", "'-1' is not a positive number", scenarios="macs=-1"),
    _case("budget too small", "nothing fits; the smallest subnet of ", scenarios="macs=1k"),
    _case("budget of 300 digits", "its name becomes a folder", scenarios=f"macs=1{'0' * 300}"),
    # How.
    _case(
        "unknown method",
        "quantization is 'int4': available: auto, ptq",
        boards="rp2040",
        quantization="int4",
    ),  # fmt: skip
    _case("tolerance below 0", "it must lie between 0 and 100", boards="rp2040", tolerance=-1),
    _case("unknown choice", "rule is 'best': available: best_of", boards="rp2040", rule="best"),
    _case(
        "unknown objective",
        "objective is 'fair': available: accuracy",
        boards="rp2040",
        objective="fair",
    ),  # fmt: skip
    _case("unknown NPU", "unknown NPU 'ethos-u55'", boards="rp2040", vela="ethos-u55"),
    # The run.
    _run("no run", "holds no run: there is no config.json in it", "{empty}"),
    _run("run of another process", "another process (number 4711) works in", "{busy_run}"),
    _run("training without end", "has not come to its end", "{untrained}"),
    _run("settings that are a list", "config.json is damaged", "{run_of_no_settings}"),
    _run("settings nested too deeply", "config.json is damaged", "{run_nested}"),
    # The library says so by the way: the other models are made.
    Case(
        "weights of no numbers",
        "deploy",
        {"workdir": "{run_of_infinite_weights}", "scenarios": "macs=60k"},
        "holds NaN or infinity, as after a training that diverged",
        in_python=False,
        found=8,
    ),
    _run("weights cut short", "holds no weights of a tiny supernet", "{run_of_cut_weights}"),
    _run(
        "images have changed",
        "the images have changed since the run",
        "{run_of_other_images}",
        found=5,
    ),
    _run("split deleted", "but no split.json: nobody can tell", "{run_without_split}", found=6),
    Case(
        "damaged logs and records",
        "deploy",
        {"workdir": "{run_of_damaged_logs}", "scenarios": "macs=60k"},
        "metrics.jsonl is damaged: training took ",
        found=14,
        goes_on=True,
        also=(
            "sampled.jsonl: lines that are damaged are passed over",
            "; the scenario counts as not made",
        ),
    ),
    Case(
        "list of boards to a full device",
        "run",
        {"boards": "list"},
        "cannot write the output: No space left on device",
        in_python=False,
        found=22,
        output="/dev/full",
    ),
)
