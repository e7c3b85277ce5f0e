# The core: networks, grids, the worker pool and the backends, without spec files (toml++), grid files (netCDF),
# digests (OpenSSL) and figures (gnuplot). It takes a C and a C++ compiler with OpenMP and, for the CUDA backend,
# nvcc: what a bare machine with a GPU has. tests/core.sh keeps it so.
file(GLOB EPNET_CORE_CPU_SOURCES CONFIGURE_DEPENDS host/cpu/*.c)
if(EPNET_HAVE_CUDA)
  set(EPNET_CORE_CUDA_SOURCES ${EPNET_CUDA_SOURCES})
  set(EPNET_CORE_CUDA_LIBRARIES epnet_kernels CUDA::cudart_static)
else()
  set(EPNET_CORE_CUDA_SOURCES kernels/cuda_absent.c)
  set_property(SOURCE kernels/cuda_absent.c APPEND PROPERTY
    COMPILE_DEFINITIONS EPNET_CUDA_ABSENT="${EPNET_CUDA_ABSENT}")
  set(EPNET_CORE_CUDA_LIBRARIES)
endif()
add_library(epnet_core STATIC
  host/chunk.c host/device.c host/entropy_decay.c host/envelope.c host/evolution.c host/generator.c host/grid.c
  host/integrator.c host/krylov.c host/network.c host/problem.c host/queue.c host/relaxation.c host/spec.c
  host/status.c host/threading.c host/workers.c
  ${EPNET_CORE_CPU_SOURCES} ${EPNET_CORE_CUDA_SOURCES})
target_include_directories(epnet_core PUBLIC include host)
target_include_directories(epnet_core SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(epnet_core PRIVATE epnet_flags
  PUBLIC ${EPNET_CORE_CUDA_LIBRARIES} OpenMP::OpenMP_C Threads::Threads m)

add_subdirectory(bench/gpu)
