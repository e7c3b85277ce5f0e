# The checks and measurements for a machine with a GPU (bench/gpu): on the emulated device, and on wrong backends.
file(GLOB gpu_check_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/gpu/*.c)
list(FILTER gpu_check_files EXCLUDE REGEX "/(main|bench_sparse)\\.c$")
target_sources(cuda_gpu_check PRIVATE ${gpu_check_files})
target_include_directories(cuda_gpu_check PRIVATE ${PROJECT_SOURCE_DIR}/bench/gpu)

add_executable(epnet_gpu_emulated ${gpu_check_files} ${PROJECT_SOURCE_DIR}/bench/gpu/main.c)
set_target_properties(epnet_gpu_emulated PROPERTIES LINKER_LANGUAGE CXX)
target_include_directories(epnet_gpu_emulated PRIVATE ${PROJECT_SOURCE_DIR}/bench/gpu)
target_compile_definitions(epnet_gpu_emulated PRIVATE EPNET_HAVE_CUDA)
target_link_libraries(epnet_gpu_emulated PRIVATE epnet_cuda_emulated)

add_test(NAME cuda_gpu_check_script
  COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/gpu_check.sh ${PROJECT_SOURCE_DIR} $<TARGET_FILE:epnet_gpu_emulated>
    ${PROJECT_BINARY_DIR}/gpu_check)
