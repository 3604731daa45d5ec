"""Steps as recorded CUDA graphs: starting the small kernels one by one takes longer than they do.

Source: pytorch.org, "Accelerating PyTorch with CUDA Graphs".
"""

from collections.abc import Sequence

import torch

from benchmarks.torch_pretraining.step import Batch, TorchStep
from tofa_tf.space.plan import Plan


class Recorded:
    """Takes steps; those of nets seen before are replayed.

    Args:
        step: what is recorded.
    """

    def __init__(self, step: TorchStep):
        self._step = step
        self._pool = torch.cuda.graph_pool_handle()
        self._inputs: dict[int, Batch] = {}
        self._graphs: dict[int, tuple[torch.cuda.CUDAGraph, dict[str, torch.Tensor]]] = {}

    def __call__(self, batch: Batch, plans: Sequence[Plan]) -> dict[str, torch.Tensor]:
        """Takes one step; the metrics hold until the next.

        Args:
            batch: of the step.
            plans: the same object for the same nets.
        """
        size = batch.images.shape[2]
        inputs = self._inputs.setdefault(size, batch)
        if inputs is not batch:
            for mine, new in zip(inputs, batch, strict=True):
                if mine is not None:
                    mine.copy_(new)
        if id(plans) not in self._graphs:
            self._graphs[id(plans)] = self._record(inputs, plans)
        graph, metrics = self._graphs[id(plans)]
        graph.replay()
        return metrics

    def _record(
        self, inputs: Batch, plans: Sequence[Plan]
    ) -> tuple[torch.cuda.CUDAGraph, dict[str, torch.Tensor]]:
        # One step is taken as it is, on another stream: libraries get ready in it.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._step(inputs, plans)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool):
            metrics = self._step(inputs, plans)
        return graph, metrics
