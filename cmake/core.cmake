# The core: networks, grids, the worker pool and the backends, without spec files (toml++), grid files (netCDF),
# digests (OpenSSL) and figures (gnuplot). It takes a C and a C++ compiler and, for the CUDA backend,
# nvcc: what a bare machine with a GPU has. tests/core.sh keeps it so.
#
# Its sources are those of the host that include nothing of those packages, themselves or through our headers; what the
# program does not call, the linker leaves in the archive.
function(epnet_collect_includes file)
  get_property(seen GLOBAL PROPERTY EPNET_INCLUDES_SEEN)
  if(file IN_LIST seen)
    return()
  endif()
  set_property(GLOBAL APPEND PROPERTY EPNET_INCLUDES_SEEN ${file})
  file(STRINGS ${file} lines REGEX "^#include ")
  set_property(GLOBAL APPEND PROPERTY EPNET_INCLUDES ${lines})
  cmake_path(GET file PARENT_PATH folder)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "^#include \"(.*)\".*" "\\1" header ${line})
    foreach(place IN ITEMS ${folder} ${PROJECT_SOURCE_DIR}/host ${PROJECT_SOURCE_DIR}/include)
      if(EXISTS ${place}/${header})
        epnet_collect_includes(${place}/${header})
        break()
      endif()
    endforeach()
  endforeach()
endfunction()

file(GLOB EPNET_CORE_SOURCES CONFIGURE_DEPENDS host/*.c host/cpu/*.c)
foreach(file IN LISTS EPNET_CORE_SOURCES)
  set_property(GLOBAL PROPERTY EPNET_INCLUDES_SEEN)
  set_property(GLOBAL PROPERTY EPNET_INCLUDES)
  epnet_collect_includes(${file})
  get_property(includes GLOBAL PROPERTY EPNET_INCLUDES)
  if(includes MATCHES "<(netcdf|hdf5|openssl/|toml)")
    list(REMOVE_ITEM EPNET_CORE_SOURCES ${file})
  endif()
endforeach()

if(EPNET_HAVE_CUDA)
  set(EPNET_CORE_CUDA_SOURCES ${EPNET_CUDA_SOURCES})
  set(EPNET_CORE_CUDA_LIBRARIES epnet_kernels CUDA::cudart_static)
else()
  set(EPNET_CORE_CUDA_SOURCES kernels/cuda_absent.c)
  set_property(SOURCE kernels/cuda_absent.c APPEND PROPERTY
    COMPILE_DEFINITIONS EPNET_CUDA_ABSENT="${EPNET_CUDA_ABSENT}")
  set(EPNET_CORE_CUDA_LIBRARIES)
endif()
add_library(epnet_core STATIC ${EPNET_CORE_SOURCES} ${EPNET_CORE_CUDA_SOURCES})
target_include_directories(epnet_core PUBLIC include host)
target_include_directories(epnet_core SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
target_link_libraries(epnet_core PRIVATE epnet_flags
  PUBLIC ${EPNET_CORE_CUDA_LIBRARIES} Threads::Threads m)

add_subdirectory(bench/gpu)
