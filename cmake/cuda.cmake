# The CUDA backend's device code. Sets EPNET_HAVE_CUDA, EPNET_CUDA_SOURCES (the backend's C side) and, where there is
# an nvcc, the target epnet_kernels; else EPNET_CUDA_ABSENT, the reason. What ptxas says about each kernel is kept in
# ptxas/ of the build folder.

file(GLOB EPNET_KERNELS CONFIGURE_DEPENDS kernels/*.cu)
file(GLOB EPNET_CUDA_SOURCES CONFIGURE_DEPENDS kernels/cuda_*.c)
list(FILTER EPNET_CUDA_SOURCES EXCLUDE REGEX "/cuda_absent\\.c$")

set(EPNET_HAVE_CUDA OFF)
if(NOT EPNET_CUDA MATCHES "^(AUTO|ON|OFF)$")
  message(FATAL_ERROR "EPNET_CUDA is '${EPNET_CUDA}': AUTO, ON or OFF")
endif()

if(EPNET_CUDA STREQUAL OFF)
  set(reason "EPNET_CUDA=OFF")
else()
  # The toolkit's own folder is often not on the PATH.
  find_program(EPNET_NVCC nvcc HINTS ENV CUDA_PATH ENV CUDA_HOME PATH_SUFFIXES bin PATHS /usr/local/cuda/bin)
  if(EPNET_NVCC)
    set(CMAKE_CUDA_COMPILER ${EPNET_NVCC} CACHE FILEPATH "CUDA compiler")
    include(CheckLanguage)
    check_language(CUDA)
    if(NOT CMAKE_CUDA_COMPILER)
      set(reason "${EPNET_NVCC} does not compile with this C++ compiler")
    else()
      set(EPNET_HAVE_CUDA ON)
    endif()
  else()
    set(reason "no nvcc (PATH, CUDA_PATH, CUDA_HOME, /usr/local/cuda)")
  endif()
  if(EPNET_CUDA STREQUAL ON AND NOT EPNET_HAVE_CUDA)
    message(FATAL_ERROR "EPNET_CUDA=ON: ${reason}")
  endif()
endif()

if(NOT EPNET_HAVE_CUDA)
  message(STATUS "CUDA backend: not built: ${reason}")
  set(EPNET_CUDA_ABSENT "${reason} when this program was built")
  return()
endif()

# Machine code for the data-centre cards and, with PTX for what comes later, for the newest one that nvcc knows.
execute_process(COMMAND ${EPNET_NVCC} --list-gpu-arch OUTPUT_VARIABLE known OUTPUT_STRIP_TRAILING_WHITESPACE)
string(REGEX MATCHALL "[0-9]+" known "${known}")
set(EPNET_CUDA_ARCHITECTURES)
foreach(architecture IN ITEMS 80 90 100 120)
  if(architecture IN_LIST known)
    list(APPEND EPNET_CUDA_ARCHITECTURES ${architecture}-real)
  endif()
endforeach()
list(TRANSFORM EPNET_CUDA_ARCHITECTURES REPLACE "-real$" "" AT -1)

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES ${EPNET_CUDA_ARCHITECTURES} CACHE STRING "CUDA architectures")
endif()
set(CMAKE_CUDA_STANDARD 17)
set(CMAKE_CUDA_EXTENSIONS OFF)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)

add_library(epnet_kernels STATIC ${EPNET_KERNELS})
set_target_properties(epnet_kernels PROPERTIES
  POSITION_INDEPENDENT_CODE ON
  CUDA_RUNTIME_LIBRARY Static
  CUDA_SEPARABLE_COMPILATION ON # kernels call device functions of other files
  CUDA_RESOLVE_DEVICE_SYMBOLS ON)
target_include_directories(epnet_kernels PRIVATE include kernels)
# Contraction to FMA is wanted on the device: results agree with the CPU's to rounding, not to the byte.
target_compile_options(epnet_kernels PRIVATE
  "SHELL:-Xcompiler=-Wall,-Wextra" "SHELL:-Xptxas=-v" -lineinfo)
set_target_properties(epnet_kernels PROPERTIES CUDA_COMPILER_LAUNCHER
  "${PROJECT_SOURCE_DIR}/cmake/keep_ptxas_log.sh;${PROJECT_BINARY_DIR}/ptxas")
if(CMAKE_CUDA_COMPILER_LAUNCHER)
  set_property(TARGET epnet_kernels APPEND PROPERTY CUDA_COMPILER_LAUNCHER ${CMAKE_CUDA_COMPILER_LAUNCHER})
endif()
# Functions that kernels of 512 threads call across files may not take more registers than such a block has.
set_source_files_properties(kernels/observe.cu kernels/point.cu PROPERTIES COMPILE_OPTIONS -maxrregcount=128)

# Small networks: more blocks of a multiprocessor at once, as many registers as their time loops take without spills.
set_source_files_properties(kernels/trajectory_smallest.cu PROPERTIES COMPILE_OPTIONS -maxrregcount=128)
set_source_files_properties(kernels/trajectory_small.cu PROPERTIES COMPILE_OPTIONS -maxrregcount=168)

# As a user knows them: "8.0, 9.0, 10.0, 12.0".
string(REGEX MATCHALL "[0-9]+" names "${CMAKE_CUDA_ARCHITECTURES}")
list(TRANSFORM names REPLACE "([0-9])$" ".\\1")
list(JOIN names ", " EPNET_CUDA_ARCHITECTURE_NAMES)
set_property(SOURCE kernels/cuda_check.c APPEND PROPERTY
  COMPILE_DEFINITIONS EPNET_CUDA_ARCHITECTURES="${EPNET_CUDA_ARCHITECTURE_NAMES}")

message(STATUS "CUDA backend: ${EPNET_NVCC}, architectures ${CMAKE_CUDA_ARCHITECTURES}")
