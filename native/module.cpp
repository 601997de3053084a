// The Python module `chainrule._core_<isa>`: one for each instruction set, alike in all but speed.
#define CHAINRULE_IMPORT_NUMPY
#include "bindings.hpp"

#include <nanobind/stl/string.h>

#include <string>
#include <typeinfo>

namespace chainrule {

void bind_limits(nb::module_&);

namespace {

int import_numpy() {
  import_array1(-1);
  return 0;
}

// Whether this processor runs what was compiled for `isa`.
bool supports(const std::string& isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (isa == "v3") return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (isa == "v4")
    return supports("v3") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd");
#endif
  return isa == "generic";
}

}  // namespace
}  // namespace chainrule

NB_MODULE(CHAINRULE_MODULE, m) {
  using namespace chainrule;
  if (import_numpy() < 0) throw nb::python_error();
  nb::exception<Unsupported>(m, "Unsupported", PyExc_TypeError);
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const std::bad_cast&) {
      PyErr_SetString(PyExc_TypeError, "an argument is not what the kernel takes");
    }
  });
  m.attr("isa") = CHAINRULE_ISA;
#if defined(__clang__)
  m.attr("compiler") = __VERSION__;
#else
  m.attr("compiler") = "GCC " __VERSION__;
#endif
  m.def("supports", &supports);
  m.def("set_num_threads", &set_num_threads);
  m.def("get_num_threads", &get_num_threads);
  m.def("system_allocations", &system_allocations);
  bind_limits(m);
  bind_linalg(m);
  bind_convolution(m);
  bind_pooling(m);
  bind_elementwise(m);
  bind_functions(m);
  bind_recurrent(m);
  bind_reduction(m);
  bind_random(m);
  bind_scan(m);
  bind_embedding(m);
  bind_indexing(m);
  bind_normalization(m);
  bind_loss(m);
  bind_optim(m);
  bind_dense(m);
  bind_stages(m);
  bind_warping(m);
}
