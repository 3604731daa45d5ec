"""The one set of checks that every elastic layer passes."""

import json

import keras
import numpy as np
import tensorflow as tf


class LayerTestCase(tf.test.TestCase):
    """Checks of a layer that holds for all of them; a test names the layer and what it expects."""

    def setUp(self):
        super().setUp()
        keras.utils.set_random_seed(66)

    def check_layer(
        self,
        layer: keras.layers.Layer,
        inputs: np.ndarray | tuple[np.ndarray, ...],
        sizes: dict[str, int],
        *,
        output_shape: tuple[int, ...],
        trainable: int,
        non_trainable: int = 0,
        active: dict[str, tuple[slice, ...]],
        training: bool | None = None,
    ) -> None:
        """Config round trip, weight counts, shapes, gradients, graph mode.

        Args:
            layer: not yet built.
            inputs: (batch, height, width, channels), or several.
            sizes: arguments of the call that choose the subnet, as integers.
            output_shape: expected.
            trainable: expected number of trainable weights.
            non_trainable: expected number of non-trainable weights.
            active: of every trainable weight (by the end of its path) the slice that the call uses.
            training: passed to the call unless None.
        """
        self._check_config(layer)
        layer.build()
        self.assertLen(layer.trainable_weights, trainable)
        self.assertLen(layer.non_trainable_weights, non_trainable)
        self._randomize(layer)
        inputs = [tf.constant(x) for x in (inputs if isinstance(inputs, tuple) else (inputs,))]
        mode = {} if training is None else {"training": training}

        eager = layer(*inputs, **sizes, **mode)
        self.assertEqual(tuple(eager.shape), output_shape)
        function = tf.function(lambda x, s: layer(*x, **s, **mode), autograph=False)
        tensors = {name: tf.constant(size) for name, size in sizes.items()}
        self.assertAllClose(function(inputs, tensors), eager, rtol=1e-5, atol=1e-5)
        self.assertEqual(function.experimental_get_tracing_count(), 1)

        with tf.GradientTape() as tape:
            tape.watch(inputs)
            y = layer(*inputs, **sizes, **mode)
            # A random direction: the sum of a batch-normalised output has no gradient.
            loss = tf.reduce_sum(y * tf.random.stateless_normal(y.shape, (1, 2)))
        gradients, to_inputs = tape.gradient(loss, (layer.trainable_variables, inputs))
        for gradient in to_inputs:
            self.assertTrue(np.all(np.isfinite(gradient)) and np.any(gradient))
        self._check_active(layer, gradients, active)

    def _check_config(self, layer: keras.layers.Layer) -> None:
        config = layer.get_config()
        again = type(layer).from_config(json.loads(json.dumps(config)))
        self.assertEqual(json.dumps(again.get_config()), json.dumps(config))

    def _randomize(self, layer: keras.layers.Layer) -> None:
        generator = np.random.default_rng(66)
        for weight in layer.weights:
            if weight.name in ("gamma", "moving_variance"):
                weight.assign(generator.uniform(0.5, 1.5, weight.shape))
            else:
                weight.assign(generator.normal(0.0, 0.5, weight.shape))

    def _check_active(self, layer, gradients, active: dict[str, tuple[slice, ...]]) -> None:
        """Gradients are non-zero exactly where the subnet has its weights."""
        seen = set()
        for weight, gradient in zip(layer.trainable_variables, gradients, strict=True):
            name = next((n for n in active if weight.path.endswith(n)), None)
            self.assertIsNotNone(name, f"no active slice is named for {weight.path}")
            seen.add(name)
            expected = np.zeros(weight.shape, bool)
            expected[active[name]] = True
            reached = np.zeros(weight.shape, bool) if gradient is None else np.array(gradient) != 0
            self.assertAllEqual(reached, expected, weight.path)
        self.assertEqual(seen, set(active))


def images(*shape: int) -> np.ndarray:
    """Random float32 input of that shape, the same every time."""
    return np.random.default_rng(66).normal(size=shape).astype(np.float32)
