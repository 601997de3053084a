"""Records of `nn/distance.py`, from those of the functions."""

from chainrule.conformance.layer import as_module
from chainrule.conformance.operators import distance

CALLS = {record.name: record.draws for record in distance.RECORDS}
LAYERS = (
    as_module("CosineSimilarity", CALLS["cosine_similarity"], ("dim", "eps"), inputs=2),
    as_module("PairwiseDistance", CALLS["pairwise_distance"], ("p", "eps", "keepdim"), inputs=2),
)
