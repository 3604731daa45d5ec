from absl.testing import absltest

from tofa_tf.pretrained.load import resolve_pretrained
from tofa_tf.pretrained.names import DEFAULT, NONE
from tofa_tf.space.names import DEFAULT_SPACE
from tofa_tf.space.presets import get_space
from tofa_tf.training.settings import Settings


class NamesTest(absltest.TestCase):
    def test_the_default_space_ships_with_weights(self):
        self.assertNotEqual(resolve_pretrained(DEFAULT, get_space(DEFAULT_SPACE).name), NONE)

    def test_it_is_what_a_training_takes_by_itself(self):
        self.assertEqual(Settings("digits").search_space, DEFAULT_SPACE)


if __name__ == "__main__":
    absltest.main()
