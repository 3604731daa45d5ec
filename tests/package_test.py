"""What `pip install .` brings, and that its ranges and the pins of requirements.txt agree."""

import ast
import configparser
import email
import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import tensorflow as tf
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PACKAGES = ("tofa_tf", "tflite_export")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _pins(name: str) -> dict[str, str]:
    """Versions of a requirements file by canonical name."""
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    pins = (line.split("==") for line in lines if line and not line.startswith("-r "))
    return {canonicalize_name(package): version for package, version in pins}


def _ranges(requirements: list[str]) -> dict[str, Requirement]:
    parsed = map(Requirement, requirements)
    return {canonicalize_name(requirement.name): requirement for requirement in parsed}


def _imports(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.partition(".")[0])
    return names


class WheelTest(tf.test.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, folder)
        # A build writes into the source tree. `tests` and `benchmarks` are there to be left out.
        cls.source = folder / "source"
        cls.source.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, cls.source)
        ignored = shutil.ignore_patterns("__pycache__")
        for name in (*PACKAGES, "tests", "benchmarks"):
            shutil.copytree(ROOT / name, cls.source / name, ignore=ignored)
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        command += ["--no-build-isolation", f"--wheel-dir={folder}", str(cls.source)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        if built.returncode:
            raise AssertionError(built.stderr)
        (path,) = folder.glob("*.whl")
        cls.wheel = zipfile.ZipFile(path)
        cls.addClassCleanup(cls.wheel.close)

    def _dist_info(self, name: str) -> str:
        (path,) = (path for path in self.wheel.namelist() if path.endswith(f".dist-info/{name}"))
        return self.wheel.read(path).decode()

    def test_holds_every_file_of_the_packages_and_nothing_else(self):
        held = {name for name in self.wheel.namelist() if ".dist-info/" not in name}
        expected = {
            str(path.relative_to(self.source))
            for package in PACKAGES
            for path in (self.source / package).rglob("*")
            if path.is_file()
        }
        self.assertSetEqual(held, expected)
        self.assertContainsSubset({f"{package}/py.typed" for package in PACKAGES}, held)

    def test_says_who_may_use_it_and_how(self):
        metadata = email.message_from_string(self._dist_info("METADATA"))
        self.assertEqual(metadata["License-Expression"], "Apache-2.0")
        self.assertIn("Apache License", self._dist_info("licenses/LICENSE"))
        self.assertEqual(metadata["Description-Content-Type"], "text/markdown")
        needed = [line for line in metadata.get_all("Requires-Dist") if "extra ==" not in line]
        self.assertSetEqual(set(_ranges(needed)), set(_ranges(PROJECT["dependencies"])))

    def test_brings_the_command(self):
        scripts = configparser.ConfigParser()
        scripts.read_string(self._dist_info("entry_points.txt"))
        self.assertEqual(dict(scripts["console_scripts"]), {"tofa": "tofa_tf.app.main:main"})
        entry = importlib.metadata.EntryPoint("tofa", "tofa_tf.app.main:main", "console_scripts")
        self.assertTrue(callable(entry.load()))


class RequirementsTest(tf.test.TestCase):
    def test_pins_are_the_dependencies_and_within_their_ranges(self):
        extras = PROJECT["optional-dependencies"]
        ranges = _ranges(PROJECT["dependencies"] + extras["vela"] + extras["teacher"])
        pins = _pins("requirements.txt")
        self.assertSetEqual(set(pins), set(ranges))
        for name, version in pins.items():
            self.assertTrue(ranges[name].specifier.contains(version, prereleases=True), name)
        development = _ranges(extras["dev"])
        del development["tofa-tf"]
        pins = _pins("requirements-dev.txt")
        self.assertSetEqual(set(pins), set(development))
        for name, version in pins.items():
            self.assertTrue(development[name].specifier.contains(version), name)

    def test_every_package_that_is_imported_is_a_dependency(self):
        allowed = set(_ranges(PROJECT["dependencies"]))
        distributions = importlib.metadata.packages_distributions()
        for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
            for module in _imports(path) - sys.stdlib_module_names - set(PACKAGES):
                names = set(map(canonicalize_name, distributions[module]))
                self.assertNotEmpty(names & allowed, f"{path} imports {module}")

    def test_ranges_have_two_ends(self):
        for name, requirement in _ranges(PROJECT["dependencies"]).items():
            operators = {specifier.operator for specifier in requirement.specifier}
            self.assertSetEqual(operators, {">=", "<"}, name)

    def test_this_environment_is_within_the_ranges(self):
        for name, requirement in _ranges(PROJECT["dependencies"]).items():
            installed = importlib.metadata.version(requirement.name)
            self.assertTrue(requirement.specifier.contains(installed, prereleases=True), name)

    def test_tools_of_development_are_no_dependencies(self):
        tools = {"pytest", "pytest-xdist", "ruff", "mypy", "setuptools"}
        self.assertNoCommonElements(tools, _ranges(PROJECT["dependencies"]))


if __name__ == "__main__":
    tf.test.main()
