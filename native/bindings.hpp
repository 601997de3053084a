// What every file of bindings needs.
#pragma once

#include "array.hpp"

#include <optional>

#include "threads.hpp"

namespace chainrule {

void bind_linalg(nb::module_&);
void bind_convolution(nb::module_&);
void bind_pooling(nb::module_&);
void bind_elementwise(nb::module_&);
void bind_functions(nb::module_&);
void bind_recurrent(nb::module_&);
void bind_reduction(nb::module_&);
void bind_random(nb::module_&);
void bind_scan(nb::module_&);
void bind_embedding(nb::module_&);
void bind_indexing(nb::module_&);
void bind_normalization(nb::module_&);
void bind_loss(nb::module_&);
void bind_optim(nb::module_&);
void bind_dense(nb::module_&);
void bind_stages(nb::module_&);
void bind_warping(nb::module_&);

}  // namespace chainrule
