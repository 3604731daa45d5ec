from absl.testing import absltest

from tofa_tf.training.automatic import settle
from tofa_tf.training.settings import TrainConfig


class SettleTest(absltest.TestCase):
    def test_open_settings_depend_on_the_start_and_are_said(self):
        with self.assertLogs("absl", level="INFO") as logs:
            tuned = settle(TrainConfig(), pretrained=True)
            scratch = settle(TrainConfig(), pretrained=False)
        self.assertLess(tuned.learning_rate, scratch.learning_rate)
        self.assertLess(tuned.trunk_rate, scratch.trunk_rate)
        self.assertRegex(logs.output[0], r"pre-trained weights: learning_rate=[\d.]+, trunk_rate=")

    def test_what_is_set_stays_and_to_settle_again_changes_nothing(self):
        config = TrainConfig(learning_rate=0.7)
        settled = settle(config, pretrained=True)
        self.assertEqual(settled.learning_rate, 0.7)
        with self.assertNoLogs("absl", level="INFO"):
            self.assertEqual(settle(settled, pretrained=False), settled)

    def test_more_labelled_images_are_worth_more_steps(self):
        def steps(labelled: int, **values: int) -> int:
            return settle(TrainConfig(**values), pretrained=True, labelled=labelled).steps

        self.assertEqual([steps(count) for count in (0, 30, 1600, 2400)], [600, 600, 600, 900])
        self.assertEqual(steps(2401), 901)
        self.assertEqual([steps(count) for count in (3200, 50_000)], [1200, 1200])
        self.assertEqual(steps(800, labelled_batch=8), 1200)
        self.assertEqual(steps(3200, steps=7), 7)


if __name__ == "__main__":
    absltest.main()
