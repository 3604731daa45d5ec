"""One training step: the sandwich of subnets, the unified loss, one update; traced exactly once."""

import collections
import functools
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tofa_tf.data.normalize import normalize
from tofa_tf.data.pipeline import Batch
from tofa_tf.distribute.replicas import ALONE, Replicas
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.decode import decode
from tofa_tf.space.plan import encode, make_plan
from tofa_tf.training.averages import WeightAverages
from tofa_tf.training.decay import decays
from tofa_tf.training.losses import (
    DISTILLATIONS,
    cross_entropy,
    pseudo_label_loss,
    soft_label_loss,
)
from tofa_tf.training.pseudo_label import PseudoLabels
from tofa_tf.training.sampling import Role
from tofa_tf.training.settings import LossWeights, TrainConfig


class _Lesson(NamedTuple):
    """What the largest net hands to the others.

    Attributes:
        images: at every resolution of the batch labelled ones, then unlabelled ones: the first half
            in their weak view, as a net will see images when it is deployed, the second half in
            their strong view.
        labels: of the labelled ones.
        pseudo: labels of the unlabelled ones.
        teacher_logits: of the largest net on all of them, of unlabelled ones on the weak view.
        soft_labels: of the unlabelled ones, by the teacher of the whole supernet; None without one.
    """

    images: tuple[tf.Tensor, ...]
    labels: tf.Tensor
    pseudo: PseudoLabels
    teacher_logits: tf.Tensor
    soft_labels: tf.Tensor | None


class TrainStep(tf.Module):
    """Trains the largest net on labels and pseudo-labels and all others towards it.

    Args:
        supernet: built.
        optimizer: gets the summed gradient of all nets, once a step.
        rule: turns the largest net's logits into pseudo-labels (`pseudo_label.py`).
        config: of the training.
        replicas: that train together; each sees its share of every batch.
    """

    def __init__(
        self,
        supernet: Supernet,
        optimizer: keras.optimizers.Optimizer,
        rule: tf.Module,
        config: TrainConfig,
        replicas: Replicas = ALONE,
    ):
        super().__init__(name="train_step")
        self.supernet = supernet
        self.optimizer = optimizer
        self.rule = rule
        self.config = config
        self.replicas = replicas
        optimizer.build(supernet.trainable_variables)
        self.averages = WeightAverages(supernet.trainable_variables, config.ema_decay)
        statistics = supernet.space.normalisation(supernet.channels)
        self._normalize = lambda images: normalize(images, *statistics)

    def __call__(self, batch: Batch, archs: Sequence[tuple[Role, Arch]]) -> dict[str, tf.Tensor]:
        """Takes one step.

        Three graphs, each traced once and the same for every subnet: one graph of the whole step
        would hold the subnets' part three times and take three times as long to prepare.

        Args:
            batch: uint8 images of the step, or this replica's share of them.
            archs: subnets with their roles, the largest net first.

        Returns:
            Scalars by name; `loss` is the sum over all nets.
        """
        (role, largest), *others = archs
        if role != "max" or largest != self.supernet.space.max_arch:
            raise ValueError(f"the first subnet of a step is the largest, not {role} {largest}")
        gradients, lesson, metrics = self._largest(batch)
        counts = collections.Counter(role for role, _ in others)
        for role, arch in others:
            encoded = tf.constant(encode(self.supernet.space, arch))
            weights = _as_tensor(self.config.loss.of(role))
            gradients, value = self._other(encoded, lesson, weights, gradients)
            name = f"{role}_loss"
            metrics[name] = metrics.get(name, 0.0) + value / counts[role]
            metrics["loss"] += value
        metrics["learning_rate"] = self.optimizer.learning_rate
        metrics["gradient_norm"] = self._update(gradients)
        return metrics

    @property
    def num_traces(self) -> int:
        """How often the busiest of the step's graphs was traced: 1, however many subnets."""
        graphs = (self._largest, self._other, self._update)
        return max(graph.experimental_get_tracing_count() for graph in graphs)

    @tf.function(autograph=False)
    def _largest(self, batch: Batch) -> tuple[list[tf.Tensor], _Lesson, dict[str, tf.Tensor]]:
        """Forward and backward pass of the largest net, whose sizes are constants of the graph.

        One batch of everything, so that batch norm sees all of it, as in FixMatch.

        Returns:
            Gradients; what the other nets learn from; metrics.
        """
        parts = [self._normalize(part) for part in (batch.images, batch.weak, batch.strong)]
        sizes = [tf.shape(part)[0] for part in parts]
        weights = self.config.loss.of("max")
        plan = make_plan(self.supernet.space, self.supernet.space.max_arch)
        with tf.GradientTape() as tape:
            logits = self.supernet(
                tf.concat(parts, axis=0),
                plan=plan,
                training=True,
                update_statistics=True,
                replicas=self.replicas,
            )
            labelled, weak, strong = tf.split(logits, sizes, axis=0)
            made = self.rule(tf.stop_gradient(weak), tf.stop_gradient(labelled), self.replicas)
            targets, trust = (tf.stop_gradient(value) for value in made)
            pseudo = PseudoLabels(targets, trust * self._ramp())
            labelled_loss = cross_entropy(batch.labels, labelled)
            pseudo_loss = pseudo_label_loss(*pseudo, strong)
            loss = weights.labelled * labelled_loss + weights.pseudo * pseudo_loss
            if batch.soft_labels is not None:
                views = [soft_label_loss(batch.soft_labels, view) for view in (weak, strong)]
                teacher_loss = tf.reduce_mean(views)
                loss += weights.teacher * teacher_loss
        metrics = {
            "loss": loss,
            "labelled_loss": labelled_loss,
            "pseudo_loss": pseudo_loss,
            "mask_rate": tf.math.divide_no_nan(
                tf.reduce_sum(trust), tf.cast(tf.size(trust), tf.float32)
            ),
            "pseudo_accuracy": _accuracy_where_known(
                targets, trust, batch.true_labels, self.replicas
            ),
        }
        if batch.soft_labels is not None:
            metrics["teacher_loss"] = teacher_loss
        share = self.replicas.share
        half = share.before(share.whole(sizes[1]) // 2, sizes[1])
        lesson = _Lesson(
            tuple(
                self._normalize(
                    tf.concat([view.images, view.weak[:half], view.strong[half:]], axis=0)
                )
                for view in batch.views
            ),
            batch.labels,
            pseudo,
            tf.concat([labelled, weak], axis=0),
            batch.soft_labels,
        )
        metrics = dict(zip(metrics, self.replicas.means(list(metrics.values())), strict=True))
        return _gradients(tape, loss, self.supernet.trainable_variables), lesson, metrics

    def _ramp(self) -> tf.Tensor:
        """How much pseudo-labels count at this step, 0 to 1: the first ones are the worst."""
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.float32)
        return tf.minimum(1.0, (step + 1.0) / max(1.0, self.config.ramp * self.config.steps))

    @tf.function(autograph=False)
    def _other(
        self,
        arch: tf.Tensor,
        lesson: _Lesson,
        weights: tf.Tensor,
        gradients: Sequence[tf.Tensor],
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Forward and backward pass of any other net; returns the gradients with its own added."""
        num_labelled = tf.shape(lesson.labels)[0]
        distill = DISTILLATIONS[self.config.loss.distillation]
        labelled, pseudo, taught, by_teacher = tf.unstack(weights)
        images = _of_resolution(lesson.images, decode(self.supernet.space, arch).resolution)
        with tf.GradientTape() as tape:
            logits = self.supernet(images, arch, training=True, replicas=self.replicas)
            loss = (
                labelled * cross_entropy(lesson.labels, logits[:num_labelled])
                + pseudo * pseudo_label_loss(*lesson.pseudo, logits[num_labelled:])
                + taught * distill(lesson.teacher_logits, logits)
            )
            if lesson.soft_labels is not None:
                loss += by_teacher * soft_label_loss(lesson.soft_labels, logits[num_labelled:])
        own = _gradients(tape, loss, self.supernet.trainable_variables)
        return [a + b for a, b in zip(gradients, own, strict=True)], self.replicas.mean(loss)

    @tf.function(autograph=False)
    def _update(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Applies the summed gradients, moves the averages, returns the gradients' norm.

        Takes the mean over the replicas, clips, adds the decay (AlphaNet), slows the trunk down.
        """
        gradients = self.replicas.means(gradients)
        config, head = self.config, {v.path for v in self.supernet.classifier.weights}
        # Once for hundreds of variables.
        low, high, decay, trunk_rate = (
            tf.constant(value, tf.float32)
            for value in (
                *(-config.clip_value, config.clip_value),
                *(config.weight_decay, config.trunk_rate),
            )
        )
        applied = []
        for gradient, variable in zip(gradients, self.supernet.trainable_variables, strict=True):
            change = tf.raw_ops.ClipByValue(t=gradient, clip_value_min=low, clip_value_max=high)
            if decays(variable):
                change += decay * tf.convert_to_tensor(variable)
            applied.append(change if variable.path in head else trunk_rate * change)
        step = tf.convert_to_tensor(self.optimizer.iterations)
        self.optimizer.apply(applied)
        self.averages.follow(step)
        return tf.linalg.global_norm(gradients)


def _of_resolution(images: Sequence[tf.Tensor], resolution: int | tf.Tensor) -> tf.Tensor:
    """Chooses the images that are as large as a net wants them.

    Args:
        images: (batch, size, size, channels) of different sizes; where there is one alone, the
            supernet resizes it.
        resolution: one of the sizes.
    """
    if len(images) == 1:
        return images[0]
    sizes = tf.constant([each.shape[1] for each in images])
    number = tf.argmax(tf.equal(sizes, resolution), output_type=tf.int32)
    return tf.switch_case(number, [functools.partial(tf.identity, each) for each in images])


def _as_tensor(weights: LossWeights) -> tf.Tensor:
    return tf.constant(
        [weights.labelled, weights.pseudo, weights.distill, weights.teacher], tf.float32
    )


def _gradients(
    tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[keras.Variable]
) -> list[tf.Tensor]:
    """Dense gradients; zero where the largest net has a weight and no use for it."""
    return [
        tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True)
    ]


def _accuracy_where_known(
    targets: tf.Tensor, weights: tf.Tensor, truth: tf.Tensor, replicas: Replicas
) -> tf.Tensor:
    """Share of right pseudo-labels, weighted as they count; NaN-free: 0 where none is kept."""
    known = tf.cast(truth >= 0, tf.float32) * weights
    labels = tf.argmax(targets, axis=-1, output_type=truth.dtype)
    right = tf.cast(tf.equal(labels, truth), tf.float32)
    kept_right, kept = tf.reduce_sum(known * right), tf.reduce_sum(known)
    return tf.math.divide_no_nan(replicas.mean(kept_right), replicas.mean(kept))
