from absl.testing import absltest

from benchmarks.benchmark_guard import BOTH, PRETRAINED, TEACHER, Options, _table


class BenchmarkGuardTest(absltest.TestCase):
    def test_table_of_two_draws(self):
        figures = {"by_nearest": 0.5, "foreign_found": 0.25, "known_found": 0.125}
        rows = [
            {
                "features": name,
                "by_surroundings": value,
                **(figures if name != BOTH else dict.fromkeys(figures)),
            }
            for name in (PRETRAINED, TEACHER, BOTH)
            for value in (0.7, 0.8)
        ]
        lines = _table(rows, Options())
        self.assertIn(
            f"| {TEACHER} | 50.0 ± 0.0 % | 75.0 ± 7.1 % | 25.0 ± 0.0 % | 12.5 ± 0.0 % |", lines
        )
        self.assertIn(f"| {BOTH} |  | 75.0 ± 7.1 % |  |  |", lines)
        self.assertStartsWith(lines[-1], "Known classes: the first three in five. ")
        named = _table(rows, Options(known=("bird", "frog")))
        self.assertStartsWith(named[-1], "Known classes: bird, frog. ")


if __name__ == "__main__":
    absltest.main()
