"""One subnet as a supernet of its own, so that it can be trained alone by whatever trains those."""

from tofa_tf.nets.harvest import elastic_source, harvest
from tofa_tf.nets.supernet import Supernet
from tofa_tf.space.arch import Arch


def single_subnet(supernet: Supernet, arch: Arch) -> Supernet:
    """Makes a supernet whose only subnet has the weights that a subnet has in another supernet.

    It computes what `harvest` makes of the subnet; its space is `SearchSpace.only`.

    Args:
        supernet: built.
        arch: the subnet.

    Raises:
        UserError: if the Arch is not a point of the supernet's space.
    """
    single = Supernet(supernet.space.only(arch), supernet.num_classes, supernet.channels)
    single.build()
    # The layers of both are named by their stages, which differ, and made in the same order.
    source = [layer for layer in harvest(supernet, arch).layers if layer.weights]
    own = [layer for layer in harvest(single, single.space.max_arch).layers if layer.weights]
    for layer, twin in zip(source, own, strict=True):
        elastic_source(single, twin.name).set_weights(layer.get_weights())
    return single
