"""Global average pooling as AVERAGE_POOL_2D: the converter's choice, MEAN, has no fast int8 kernel.

With CMSIS-NN, pooling takes 7 instructions an element where MEAN takes 163. The two differ in one
respect: pooling keeps the scale of its input, MEAN has one of its own; so an output of pooling is
the mean of the int8 inputs, rounded to half a step of the input's scale at most.
"""

import math
from typing import Any

from tflite_export.common.quiet_tensorflow import convert_variables_to_constants_v2, tf

# Axes of a global mean by the rank of its input: height and width of images, steps of windows.
_POOLED = {4: [1, 2], 3: [1]}


def pool_instead_of_mean(function: Any) -> Any:
    """Rewrites means over height and width, or over steps, whatever layer they come from.

    Args:
        function: concrete function with fixed shapes.

    Returns:
        A frozen concrete function in which average pooling takes the place of these means; the
        function as it was if there are none.
    """
    if not _may_have_mean(function.graph):
        return function  # Freezing takes a third of a conversion's time, and the converter does it.
    frozen = convert_variables_to_constants_v2(function)
    graph_def = frozen.graph.as_graph_def()
    changed = [node for node in graph_def.node if _is_global_mean(frozen.graph, node)]
    if not changed:
        return function
    for node in changed:
        _rewrite(frozen.graph, graph_def, node)
    imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph_def, name=""), [])

    def same(tensor: Any) -> Any:
        return imported.graph.get_tensor_by_name(tensor.name)

    return imported.prune([same(t) for t in frozen.inputs], [same(t) for t in frozen.outputs])


def _may_have_mean(graph: tf.Graph) -> bool:
    # A call may hide one; freezing would show it.
    types = {op.type for op in graph.get_operations()}
    return bool(types & {"Mean", "PartitionedCall", "StatefulPartitionedCall"})


def _is_global_mean(graph: tf.Graph, node: Any) -> bool:
    if node.op != "Mean":
        return False
    inputs, axes = graph.get_operation_by_name(node.name).inputs
    rank = inputs.shape.rank
    if rank not in _POOLED or not inputs.shape.is_fully_defined():
        return False
    pooled = sorted(tf.get_static_value(axes).ravel() % rank)
    return pooled == _POOLED[rank] and math.prod(inputs.shape[axis] for axis in pooled) > 1


def _rewrite(graph: tf.Graph, graph_def: Any, node: Any) -> None:
    mean = graph.get_operation_by_name(node.name)
    shape = mean.inputs[0].shape
    dtype = mean.get_attr("T").as_datatype_enum
    keeps_dimensions, source = node.attr["keep_dims"].b, node.input[0]
    if shape.rank == 3:
        # Pooling is of images: steps become the columns of a single row.
        source = _add_expansion(graph_def, mean.name, source, dtype)
        window, squeezed = [1, 1, shape[1], 1], [1] if keeps_dimensions else [1, 2]
    else:
        window, squeezed = [1, shape[1], shape[2], 1], [] if keeps_dimensions else [1, 2]
    node.Clear()
    # Whichever node comes last takes over the name, so that its readers need not change.
    node.name = mean.name
    pool = node
    if squeezed:
        pool = graph_def.node.add(name=f"{mean.name}/pool")
        node.op = "Squeeze"
        node.input.append(pool.name)
        node.attr["T"].type = dtype
        node.attr["squeeze_dims"].list.i.extend(squeezed)
    pool.op = "AvgPool"
    pool.input.append(source)
    pool.attr["T"].type = dtype
    pool.attr["ksize"].list.i.extend(window)
    pool.attr["strides"].list.i.extend(window)
    pool.attr["padding"].s = b"VALID"
    pool.attr["data_format"].s = b"NHWC"


def _add_expansion(graph_def: Any, name: str, source: str, dtype: int) -> str:
    """Adds a node that makes (batch, 1, steps, channels) of `source`; returns its name."""
    axis = graph_def.node.add(name=f"{name}/axis", op="Const")
    axis.attr["dtype"].type = tf.int32.as_datatype_enum
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(1, tf.int32))
    rows = graph_def.node.add(name=f"{name}/row", op="ExpandDims")
    rows.input.extend([source, axis.name])
    rows.attr["T"].type = dtype
    rows.attr["Tdim"].type = tf.int32.as_datatype_enum
    return rows.name
