import csv
from pathlib import Path

from absl.testing import absltest

from tflite_export.devices.boards import load_boards
from tflite_export.devices.energy import POWER

_ROWS = Path(__file__).parents[3] / "benchmarks" / "published_energies.csv"


class EnergyTest(absltest.TestCase):
    def test_every_board_exists(self):
        for name in POWER:
            (board,) = load_boards(name)
            self.assertEqual(board.name, name)

    def test_no_published_row_is_further_off_than_said(self):
        powers = {}
        with _ROWS.open(newline="") as file:
            for row in csv.DictReader(file):
                milliwatts = float(row["published_uj"]) / float(row["published_ms"])
                powers.setdefault(row["board"], []).append(milliwatts)
        self.assertEqual(powers.keys(), POWER.keys())
        for name, values in powers.items():
            power = POWER[name]
            self.assertBetween(power.milliwatts, min(values), max(values))
            for value in values:
                self.assertLessEqual(abs(value / power.milliwatts - 1), power.error + 0.005, name)


if __name__ == "__main__":
    absltest.main()
