import dataclasses

import tensorflow as tf

from tests.tofa_tf.spaces_for_tests import TINY
from tflite_export.devices.boards import known_boards
from tofa_tf.deploy.forecast import forecast_markdown, forecasts
from tofa_tf.space.cost import cost
from tofa_tf.space.presets import get_space


class ForecastTest(tf.test.TestCase):
    def test_corners_are_those_of_the_space_at_each_resolution(self):
        made = forecasts(TINY, 10, 3)
        self.assertEqual([one.resolution for one in made], list(TINY.resolutions))
        first = TINY.at_resolutions(TINY.resolutions[:1])
        self.assertEqual(made[0].smallest.macs, cost(first, first.min_arch, 10).macs)
        self.assertEqual(made[0].largest.macs, cost(first, first.max_arch, 10).macs)
        grey = forecasts(TINY, 10, 1)[0]
        self.assertLess(grey.smallest.macs, made[0].smallest.macs)

    def test_what_fits_a_board_is_said_with_its_limit(self):
        made = forecasts(TINY, 10, 3)
        board = known_boards()["rp2040"]
        low, high = (size.latency_ms(board) for size in (made[0].smallest, made[0].largest))
        for limit, verdict in ((high * 1.01, "every subnet"), (low * 1.01, "the smaller subnets")):
            limited = dataclasses.replace(board, latency_limit_ms=limit)
            text = forecast_markdown(made, [limited])
            self.assertIn(f"| {made[0].resolution} | ", text)
            self.assertIn(verdict, text)
            self.assertIn(f"of {limit:g}, flash", text)
        late = dataclasses.replace(board, latency_limit_ms=low * 0.5)
        self.assertIn(
            f"Nothing fits: the smallest subnet at {made[0].resolution} pixels needs latency_ms "
            f"{low:.3g} of {low * 0.5:.3g}.",
            forecast_markdown(made, [late]),
        )

    def test_where_nothing_fits_the_nearest_size_is_named(self):
        # Larger images are the cheaper ones there.
        made = forecasts(get_space("mcu_wide").at_resolutions((32, 48)), 10, 3)
        board = dataclasses.replace(known_boards()["rp2040"], latency_limit_ms=20)
        text = forecast_markdown(made, [board])
        self.assertLess(made[1].smallest.latency_ms(board), made[0].smallest.latency_ms(board))
        self.assertIn("Nothing fits: the smallest subnet at 48 pixels needs latency_ms", text)


if __name__ == "__main__":
    tf.test.main()
