"""Files of search spaces that somebody has broken: one line each, or a space that can be used."""

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

from absl.testing import absltest, parameterized

from tests.tofa_tf.spaces_for_tests import TEST_SPACES
from tflite_export.common.errors import TofaError
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import SPACES
from tofa_tf.space.search_space import SearchSpace

_MUTATIONS = 400
_NESTED = 800
_VALUES = (
    *(None, True, False, "", "x", "relu6", "3", "\n\x1b[31m", "inverted_bottleneck"),
    *(0, -1, 1, 2, 3, 2**31, 2**62, 2**63, 10**30),
    *(1.5, -0.0, 1e308, 1e-320, float("nan"), float("inf"), -float("inf")),
    *([], {}, [[]], [1], [1, 1], [3, "5"], [True], [None], [1.5], [2**40], [float("nan")]),
    {"a": 1},
)


def _places(data: Any) -> Iterator[tuple[Any, Any]]:
    """Yields every place of JSON data: what it is in, and its key there."""
    waiting = [data]
    while waiting:
        parent = waiting.pop()
        for key in parent if isinstance(parent, dict) else range(len(parent)):
            yield parent, key
            if isinstance(parent[key], dict | list):
                waiting.append(parent[key])


def _mutate(space: Any, generator: random.Random) -> None:
    """Changes one place."""
    parent, key = generator.choice(list(_places(space)))
    match generator.choice(("delete", "rename", "wrap", "repeat", "replace")):
        case "delete":
            del parent[key]
        case "rename" if isinstance(parent, dict):
            parent[generator.choice(["x", "family", f"{key}s"])] = parent.pop(key)
        case "wrap":
            for _ in range(generator.choice([1, 2, 300])):
                wraps = ([parent[key]], {"a": parent[key]})
                parent[key] = generator.choice(wraps)
        case "repeat" if isinstance(parent[key], list):
            parent[key] = 2 * parent[key]
        case _:
            parent[key] = copy.deepcopy(generator.choice(_VALUES))


class MutatedSpaceTest(parameterized.TestCase):
    def _check(self, text: str) -> bool:
        """Whether it is a space; if not, one line says why."""
        try:
            space = SearchSpace.from_json(json.loads(text))
        except TofaError as error:
            self.assertLen(str(error).splitlines(), 1)
            self.assertTrue(str(error).isprintable(), str(error))
            return False
        self.assertEqual(SearchSpace.from_json(json.loads(json.dumps(space.to_json()))), space)
        for arch in space.corners[0]:
            space.validate(arch)
            self.assertGreaterEqual(cost(space, arch, 10, 3).macs, 0)
        return True

    def test_each_is_one_line_or_a_space(self):
        texts = [json.dumps(space.to_json()) for space in (*SPACES.values(), *TEST_SPACES.values())]
        spaces = 0
        for seed in range(_MUTATIONS):
            generator = random.Random(seed)
            mutated = json.loads(generator.choice(texts))
            for _ in range(generator.choice([1, 1, 1, 2, 3])):
                _mutate(mutated, generator)
            try:
                spaces += self._check(json.dumps(mutated))
            except Exception as error:
                raise AssertionError(f"the mutation of seed {seed}") from error
        # Neither all of them nor none.
        self.assertBetween(spaces, _MUTATIONS // 20, _MUTATIONS // 2)

    @parameterized.parameters("name", "resolutions", "stem", "stages", "padding", "bn_epsilon")
    def test_what_is_nested_to_the_limit_of_json(self, field):
        data = SPACES["mcu"].to_json()
        text = json.dumps({**data, field: "HERE"}).replace('"HERE"', "[" * _NESTED + "]" * _NESTED)
        self.assertFalse(self._check(text))

    @parameterized.parameters(*(json.dumps(value) for value in _VALUES))
    def test_something_else_altogether(self, text):
        self.assertFalse(self._check(text))


if __name__ == "__main__":
    absltest.main()
