# The checks and measurements for a machine with a GPU (bench/gpu): on the emulated device, on wrong backends, and on the
# device itself where there is one. What does not see the CUDA runtime is compiled once for all three programs.
set(gpu_folder ${PROJECT_SOURCE_DIR}/bench/gpu)
file(GLOB gpu_files CONFIGURE_DEPENDS ${gpu_folder}/*.c)
list(FILTER gpu_files EXCLUDE REGEX "/(main|bench_(sparse|dense)(_absent)?|[a-z]*_cuda)\\.c$")
set(gpu_cuda_files ${gpu_folder}/kernels_cuda.c ${gpu_folder}/memory_cuda.c)
set(gpu_absent_files ${gpu_folder}/bench_sparse_absent.c ${gpu_folder}/bench_dense_absent.c)
set(gpu_listens LINKER:--wrap=cudaOccupancyMaxActiveBlocksPerMultiprocessor) # kernels_cuda.c

add_library(gpu_objects OBJECT ${gpu_files})
add_library(gpu_main OBJECT ${gpu_folder}/main.c)
foreach(objects IN ITEMS gpu_objects gpu_main)
  target_link_libraries(${objects} PRIVATE epnet_testing)
endforeach()
target_compile_definitions(gpu_main PRIVATE EPNET_HAVE_CUDA)

target_sources(cuda_gpu_check PRIVATE
  ${gpu_cuda_files} ${gpu_absent_files} $<TARGET_OBJECTS:gpu_objects>)
target_include_directories(cuda_gpu_check PRIVATE ${gpu_folder})
target_link_options(cuda_gpu_check PRIVATE ${gpu_listens})

# Measurements, with libraries of the tests' own.
target_sources(cuda_gpu_bench PRIVATE
  ${gpu_folder}/bench_sparse.c ${gpu_folder}/bench_dense.c ${gpu_folder}/laws_cuda.c ${gpu_folder}/toolkit_cuda.c
  fakes/cusparse.c fakes/cublas.c fakes/loader.c
  $<TARGET_OBJECTS:gpu_objects>)
target_include_directories(cuda_gpu_bench PRIVATE ${gpu_folder} fakes)
target_compile_definitions(cuda_gpu_bench PRIVATE EPNET_CUDA_LIBRARIES="")
target_link_options(cuda_gpu_bench PRIVATE
  LINKER:--wrap=dlopen LINKER:--wrap=dlsym LINKER:--wrap=dlerror LINKER:--wrap=epnet_workers_run)

add_executable(epnet_gpu_emulated ${gpu_cuda_files} ${gpu_absent_files}
  $<TARGET_OBJECTS:gpu_objects> $<TARGET_OBJECTS:gpu_main>)
set_target_properties(epnet_gpu_emulated PROPERTIES LINKER_LANGUAGE CXX)
target_link_libraries(epnet_gpu_emulated PRIVATE epnet_cuda_emulated)
target_link_options(epnet_gpu_emulated PRIVATE ${gpu_listens})

add_test(NAME cuda_gpu_check_script
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/gpu_check.sh ${PROJECT_SOURCE_DIR} $<TARGET_FILE:epnet_gpu_emulated>
    ${PROJECT_BINARY_DIR}/gpu_check ${CMAKE_C_COMPILER})

# The device, with the kernels that the program of this build has; skipped where there is none.
if(EPNET_HAVE_CUDA)
  add_executable(epnet_gpu_device ${gpu_cuda_files} ${gpu_absent_files}
    $<TARGET_OBJECTS:gpu_objects> $<TARGET_OBJECTS:gpu_main>)
  set_target_properties(epnet_gpu_device PROPERTIES LINKER_LANGUAGE CXX)
  target_include_directories(epnet_gpu_device PRIVATE ${PROJECT_SOURCE_DIR}/kernels
    SYSTEM PRIVATE ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(epnet_gpu_device PRIVATE epnet_test_archive)
  target_link_options(epnet_gpu_device PRIVATE ${gpu_listens} LINKER:--wrap=__cudaRegisterFunction)
  add_test(NAME device_check COMMAND epnet_gpu_device check --size small --seconds 120)
  set_tests_properties(device_check PROPERTIES SKIP_RETURN_CODE 6)
endif()
