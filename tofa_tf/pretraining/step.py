"""One step of pre-training: the largest net learns labels, the others learn from it."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple

import tensorflow as tf

from tofa_tf.data.normalize import normalize
from tofa_tf.data.views import Batch, random_resized_crops
from tofa_tf.nets.supernet import Supernet
from tofa_tf.pretraining.recipe import Recipe
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import encode
from tofa_tf.training.decay import decays
from tofa_tf.training.losses import DISTILLATIONS, cross_entropy
from tofa_tf.training.nesterov import NesterovSGD
from tofa_tf.training.sampling import Role


class _Target(NamedTuple):
    """What every net of a step gets: images, classes, and the largest net's logits."""

    images: tf.Tensor
    labels: tf.Tensor
    teacher_logits: tf.Tensor


class PretrainStep(tf.Module):
    """Trains some nets of a supernet on one batch by one update of the shared weights.

    Args:
        supernet: built.
        recipe: of the training.
    """

    def __init__(self, supernet: Supernet, recipe: Recipe):
        super().__init__(name="pretrain_step")
        self.supernet = supernet
        self.recipe = recipe
        self.optimizer = NesterovSGD(0.0, recipe.momentum, name="sgd")
        self.optimizer.build(supernet.trainable_variables)
        self._distill = DISTILLATIONS[recipe.distillation]
        # One graph for images of all sizes and all nets.
        arch = tf.TensorSpec(encode(supernet.space, supernet.space.max_arch).shape, tf.int32)
        images = tf.TensorSpec((None, None, None, 3))
        labels, logits = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None, None))
        gradients = [tf.TensorSpec(variable.shape) for variable in supernet.trainable_variables]
        self._largest = _graph(self._train_largest, [arch, images, labels])
        self._other = _graph(self._train_other, [arch, _Target(images, labels, logits), gradients])

    def __call__(
        self, batch: Batch, archs: Sequence[tuple[Role, Arch]], rate: float
    ) -> dict[str, tf.Tensor]:
        """Takes one step.

        Args:
            batch: of the step.
            archs: subnets of one resolution, that of the crops, with their roles, the largest net
                first.
            rate: learning rate.

        Returns:
            Scalars: `largest_loss`, `accuracy` of the largest net on the batch, `others_loss`,
            the mean over the other nets, and `gradient_norm` before clipping.
        """
        (role, largest), *others = archs
        space, resolution = self.supernet.space, largest.resolution
        if role != "max" or largest != dataclasses.replace(space.max_arch, resolution=resolution):
            raise ValueError(f"the first subnet of a step is the largest, not {role} {largest}")
        images = self._views(
            tf.constant(batch.images), tf.constant(batch.seed), tf.constant(resolution)
        )
        labels = tf.constant(batch.labels)
        encoded = tf.constant(encode(space, largest))
        gradients, logits, metrics = self._largest(encoded, images, labels)
        target, others_loss = _Target(images, labels, logits), 0.0
        for _, arch in others:
            gradients, loss = self._other(tf.constant(encode(space, arch)), target, gradients)
            others_loss += loss
        if others:
            metrics["others_loss"] = others_loss / len(others)
        self.optimizer.learning_rate.assign(rate)
        metrics["gradient_norm"] = self._update(gradients)
        return metrics

    def forget_momentum(self) -> None:
        """Sets the optimizer's momenta to 0: where weights have been moved they fit no more."""
        for momentum in self.optimizer.momentums:
            momentum.assign(tf.zeros_like(momentum))

    @tf.function(autograph=False)
    def _views(self, images: tf.Tensor, seed: tf.Tensor, resolution: tf.Tensor) -> tf.Tensor:
        recipe, space = self.recipe, self.supernet.space
        views = random_resized_crops(
            images, seed, resolution, area=recipe.crop_area, ratio=recipe.crop_ratio
        )
        return normalize(views, space.pixel_mean, space.pixel_std)

    def _train_largest(
        self, arch: tf.Tensor, images: tf.Tensor, labels: tf.Tensor
    ) -> tuple[list[tf.Tensor], tf.Tensor, dict[str, tf.Tensor]]:
        """Forward and backward pass of the largest net: gradients, logits, metrics."""
        smoothing, classes = self.recipe.label_smoothing, self.supernet.num_classes
        targets = (1.0 - smoothing) * tf.one_hot(labels, classes) + smoothing / classes
        with tf.GradientTape() as tape:
            logits = self.supernet(images, arch, training=True, update_statistics=True)
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
        gradients = tape.gradient(loss, self.supernet.trainable_variables)
        right = tf.equal(tf.argmax(logits, axis=-1, output_type=labels.dtype), labels)
        accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
        return _dense(gradients), logits, {"largest_loss": loss, "accuracy": accuracy}

    def _train_other(
        self, arch: tf.Tensor, target: _Target, gradients: Sequence[tf.Tensor]
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Forward and backward pass of another net; returns the gradients with its own added."""
        with tf.GradientTape() as tape:
            logits = self.supernet(target.images, arch, training=True)
            loss = self.recipe.label_weight * cross_entropy(target.labels, logits)
            loss += self.recipe.distill_weight * self._distill(target.teacher_logits, logits)
        own = _dense(tape.gradient(loss, self.supernet.trainable_variables))
        return [a + b for a, b in zip(gradients, own, strict=True)], loss

    @tf.function(autograph=False)
    def _update(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Applies the summed gradient, clipped, with the decay of the kernels added."""
        limit, decay = self.recipe.clip_value, self.recipe.weight_decay
        applied = []
        for gradient, variable in zip(gradients, self.supernet.trainable_variables, strict=True):
            clipped = tf.clip_by_value(gradient, -limit, limit)
            applied.append(clipped + decay * variable if decays(variable) else clipped)
        self.optimizer.apply(applied)
        return tf.linalg.global_norm(gradients)


def _graph(function: Callable, signature: Sequence) -> tf.types.experimental.PolymorphicFunction:
    return tf.function(function, input_signature=signature, autograph=False)


def _dense(gradients: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    return [tf.convert_to_tensor(gradient) for gradient in gradients]
