"""On rings and clouds of points, against likeness and a fixed point that are worked out plainly."""

import numpy as np
import tensorflow as tf

from tofa_tf.select.neighbours import Neighbours


def _two_arcs(points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points along two arcs of directions that a plane cannot part, and the arc of each."""
    generator = np.random.default_rng(0)
    arc = np.arange(points) % 2
    turn = generator.uniform(0, 2.5, points)
    angles = np.stack([np.cos(turn), np.sin(turn), np.where(arc == 1, 0.6, -0.6)], axis=1)
    return (angles * generator.uniform(0.5, 2, (points, 1))).astype(np.float32), arc


class NeighboursTest(tf.test.TestCase):
    def test_one_label_goes_along_its_arc(self):
        points, arc = _two_arcs(400)
        opinion = np.full((400, 2), 0.5)
        for each in (0, 1):
            known = np.flatnonzero(arc == each)[:8]
            opinion[known] = np.eye(2)[each]
        spread = Neighbours.among(points).spread(opinion)
        self.assertGreater(np.mean(spread.argmax(axis=1) == arc), 0.95)

    def test_equals_the_fixed_point_of_a_dense_graph(self):
        # Eleven points: every one is a neighbour of all others.
        points = np.random.default_rng(1).normal(size=(11, 5)).astype(np.float32)
        opinion = np.random.default_rng(2).dirichlet(np.ones(3), 11)
        standard = (points - points.mean(axis=0)) / points.std(axis=0)
        values, vectors = np.linalg.eigh(np.cov(standard.T))
        turned = standard @ vectors / values**0.25
        turned /= np.linalg.norm(turned, axis=1, keepdims=True)
        likeness = np.maximum(turned @ turned.T, 0) ** 3 * 2
        np.fill_diagonal(likeness, 0)
        degrees = likeness.sum(axis=1)
        links = likeness / np.sqrt(np.outer(degrees, degrees))
        wanted = 0.2 * np.linalg.solve(np.eye(11) - 0.8 * links, opinion)
        # Fifteen steps of a share of 0.8 leave 0.8 ** 16 of the way.
        self.assertAllClose(Neighbours.among(points).spread(opinion), wanted, atol=0.03)

    def test_images_that_nothing_resembles_keep_their_own_opinion(self):
        points = np.array([[1.0, 0.0], [-1.0, 0.0]], np.float32)
        spread = Neighbours.among(points).spread(np.eye(2))
        self.assertAllEqual(spread.argmax(axis=1), [0, 1])

    def test_another_order(self):
        points = np.random.default_rng(1).normal(size=(50, 5)).astype(np.float32)
        opinion = np.random.default_rng(2).dirichlet(np.ones(3), 50)
        neighbours = Neighbours.among(points)
        order = np.random.default_rng(3).permutation(50)
        self.assertAllClose(
            neighbours.of(order).spread(opinion[order]), neighbours.spread(opinion)[order]
        )

    def test_equal_images(self):
        spread = Neighbours.among(np.ones((20, 4), np.float32)).spread(np.full((20, 2), 0.5))
        self.assertAllEqual(np.isfinite(spread), np.ones_like(spread, bool))


if __name__ == "__main__":
    tf.test.main()
