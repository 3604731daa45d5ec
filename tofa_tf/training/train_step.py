"""One training step: the sandwich of subnets, the unified loss, one update; traced exactly once."""

import collections
from collections.abc import Sequence
from typing import NamedTuple

import keras
import tensorflow as tf

from tofa_tf.data.normalize import normalize
from tofa_tf.data.pipeline import Batch
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch
from tofa_tf.space.plan import encode, make_plan
from tofa_tf.training.losses import DISTILLATIONS, cross_entropy, pseudo_label_loss
from tofa_tf.training.sampling import Role
from tofa_tf.training.settings import LossWeights, UnifiedLoss


class _Targets(NamedTuple):
    """What the largest net hands to the others: logits of [labelled; strong], pseudo-labels."""

    teacher_logits: tf.Tensor
    pseudo_labels: tf.Tensor
    pseudo_weights: tf.Tensor


class TrainStep(tf.Module):
    """Trains the largest net on labels and pseudo-labels and all others towards it.

    Args:
        supernet: built.
        optimizer: gets the summed gradient of all nets, once a step.
        rule: turns the largest net's logits into pseudo-labels (`pseudo_label.py`).
        loss: weight of every term and role.
        weight_decay: times kernel, added to the gradient of kernels only (no bias, no batch norm).
        ema_decay: of the moving average of the trainable weights, which is what gets deployed.
    """

    def __init__(
        self,
        supernet: Supernet,
        optimizer: keras.optimizers.Optimizer,
        rule: tf.Module,
        loss: UnifiedLoss,
        weight_decay: float,
        ema_decay: float,
    ):
        super().__init__(name="train_step")
        self.supernet = supernet
        self.optimizer = optimizer
        self.rule = rule
        self.loss = loss
        self.weight_decay = weight_decay
        self.ema_decay = ema_decay
        optimizer.build(supernet.trainable_variables)
        self.averages = [
            tf.Variable(variable, trainable=False, name=f"ema/{variable.path}")
            for variable in supernet.trainable_variables
        ]
        statistics = supernet.space.normalisation(supernet.channels)
        self._normalize = lambda images: normalize(images, *statistics)

    def __call__(self, batch: Batch, archs: Sequence[tuple[Role, Arch]]) -> dict[str, tf.Tensor]:
        """Takes one step.

        Three graphs, each traced once and the same for every subnet: one graph of the whole step
        would hold the subnets' part three times and take three times as long to prepare.

        Args:
            batch: uint8 images of the step.
            archs: subnets with their roles, the largest net first.

        Returns:
            Scalars by name; `loss` is the sum over all nets.
        """
        (role, largest), *others = archs
        if role != "max" or largest != self.supernet.space.max_arch:
            raise ValueError(f"the first subnet of a step is the largest, not {role} {largest}")
        gradients, images, targets, metrics = self._largest(batch)
        counts = collections.Counter(role for role, _ in others)
        for role, arch in others:
            gradients, value = self._other(
                tf.constant(encode(self.supernet.space, arch)),
                images,
                batch.labels,
                targets,
                _as_tensor(self.loss.of(role)),
                gradients,
            )
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
    def _largest(
        self, batch: Batch
    ) -> tuple[list[tf.Tensor], tf.Tensor, _Targets, dict[str, tf.Tensor]]:
        """Forward and backward pass of the largest net, whose sizes are constants of the graph.

        One batch of everything, so that batch norm sees all of it, as in FixMatch.

        Returns:
            Gradients; the images the other nets train on; their `_Targets`; metrics.
        """
        parts = [self._normalize(part) for part in (batch.images, batch.weak, batch.strong)]
        sizes = [tf.shape(part)[0] for part in parts]
        weights = self.loss.of("max")
        plan = make_plan(self.supernet.space, self.supernet.space.max_arch)
        with tf.GradientTape() as tape:
            logits = self.supernet(
                tf.concat(parts, axis=0), plan=plan, training=True, update_statistics=True
            )
            labelled, weak, strong = tf.split(logits, sizes, axis=0)
            pseudo_labels, pseudo_weights = (
                tf.stop_gradient(value)
                for value in self.rule(tf.stop_gradient(weak), tf.stop_gradient(labelled))
            )
            labelled_loss = cross_entropy(batch.labels, labelled)
            pseudo_loss = pseudo_label_loss(pseudo_labels, pseudo_weights, strong)
            loss = weights.labelled * labelled_loss + weights.pseudo * pseudo_loss
        metrics = {
            "loss": loss,
            "labelled_loss": labelled_loss,
            "pseudo_loss": pseudo_loss,
            "mask_rate": tf.math.divide_no_nan(
                tf.reduce_sum(pseudo_weights), tf.cast(tf.size(pseudo_weights), tf.float32)
            ),
            "pseudo_accuracy": _accuracy_where_known(
                pseudo_labels, pseudo_weights, batch.true_labels
            ),
        }
        targets = _Targets(tf.concat([labelled, strong], axis=0), pseudo_labels, pseudo_weights)
        gradients = _gradients(tape, loss, self.supernet.trainable_variables)
        return gradients, tf.concat([parts[0], parts[2]], axis=0), targets, metrics

    @tf.function(autograph=False)
    def _other(
        self,
        arch: tf.Tensor,
        images: tf.Tensor,
        labels: tf.Tensor,
        targets: _Targets,
        weights: tf.Tensor,
        gradients: Sequence[tf.Tensor],
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Forward and backward pass of any other net; returns the gradients with its own added."""
        num_labelled = tf.shape(labels)[0]
        with tf.GradientTape() as tape:
            logits = self.supernet(images, arch, training=True)
            labelled, strong = logits[:num_labelled], logits[num_labelled:]
            loss = (
                weights[0] * cross_entropy(labels, labelled)
                + weights[1]
                * pseudo_label_loss(targets.pseudo_labels, targets.pseudo_weights, strong)
                + weights[2] * DISTILLATIONS[self.loss.distillation](targets.teacher_logits, logits)
            )
        own = _gradients(tape, loss, self.supernet.trainable_variables)
        return [a + b for a, b in zip(gradients, own, strict=True)], loss

    @tf.function(autograph=False)
    def _update(self, gradients: Sequence[tf.Tensor]) -> tf.Tensor:
        """Applies the summed gradients, moves the averages, returns the gradients' norm."""
        variables = self.supernet.trainable_variables
        decayed = [
            gradient + self.weight_decay * variable if variable.name == "kernel" else gradient
            for gradient, variable in zip(gradients, variables, strict=True)
        ]
        step = tf.cast(tf.convert_to_tensor(self.optimizer.iterations), tf.float32)
        self.optimizer.apply(decayed)
        # The average of a short run must not remember its random start: the decay warms up.
        decay = tf.minimum(self.ema_decay, (1.0 + step) / (10.0 + step))
        for average, variable in zip(self.averages, variables, strict=True):
            average.assign(decay * average + (1.0 - decay) * tf.convert_to_tensor(variable))
        return tf.linalg.global_norm(gradients)

    def use_averages(self) -> None:
        """Puts the averaged weights into the supernet: the end of training."""
        for average, variable in zip(self.averages, self.supernet.trainable_variables, strict=True):
            variable.assign(average)


def _as_tensor(weights: LossWeights) -> tf.Tensor:
    return tf.constant([weights.labelled, weights.pseudo, weights.distill], tf.float32)


def _gradients(
    tape: tf.GradientTape, loss: tf.Tensor, variables: Sequence[keras.Variable]
) -> list[tf.Tensor]:
    """Dense gradients; zero where the largest net has a weight and no use for it."""
    return [
        tf.zeros_like(variable) if gradient is None else tf.convert_to_tensor(gradient)
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True)
    ]


def _accuracy_where_known(labels: tf.Tensor, weights: tf.Tensor, truth: tf.Tensor) -> tf.Tensor:
    """Share of right pseudo-labels, weighted as they count; NaN-free: 0 where none is kept."""
    known = tf.cast(truth >= 0, tf.float32) * weights
    right = tf.cast(tf.equal(tf.cast(labels, truth.dtype), truth), tf.float32)
    return tf.math.divide_no_nan(tf.reduce_sum(known * right), tf.reduce_sum(known))
