/* Streams, events and launches. Work waits in its stream until the host synchronises. */
#include "machine.h"

#include <chrono>
#include <deque>
#include <set>

struct CUstream_st {
    int device;
    bool blocking; /* takes turns with the default stream */
    std::deque<std::function<cudaError_t()>> queue;
    uint64_t enqueued = 0, done = 0;
};

struct CUevent_st {
    bool timed;
    cudaStream_t stream = nullptr; /* that it was last recorded in, or NULL */
    uint64_t ticket = 0;           /* the stream's work that it follows */
    double seconds = -1;           /* when it was reached */
};

namespace epnet_emulation {

namespace {

std::set<cudaStream_t> streams;
std::set<cudaEvent_t> events;
CUstream_st default_streams[EPNET_EMULATION_MAX_DEVICES];

cudaStream_t default_stream(int device) {
    default_streams[device].device = device;
    default_streams[device].blocking = true;
    return &default_streams[device];
}

/* A stream of the current device, or NULL. */
cudaStream_t find_stream(cudaStream_t stream) {
    if (stream == nullptr)
        return default_stream(current_device());
    return streams.count(stream) == 1 && stream->device == current_device() ? stream : nullptr;
}

/* Run the stream's work until `ticket` pieces are done. An error loses the device and what waits. */
cudaError_t run(cudaStream_t stream, uint64_t ticket) {
    while (stream->done < ticket && !stream->queue.empty()) {
        const std::function<cudaError_t()> operation = std::move(stream->queue.front());
        stream->queue.pop_front();
        stream->done++;
        const cudaError_t error = operation();
        if (error != cudaSuccess) {
            device_lost(error);
            stream->queue.clear();
            stream->done = stream->enqueued;
            return error;
        }
    }
    return cudaSuccess;
}

cudaError_t run(cudaStream_t stream) {
    return run(stream, stream->enqueued);
}

/* The default stream and the blocking streams wait for each other. */
cudaError_t take_turn(cudaStream_t stream) {
    const cudaStream_t first = default_stream(stream->device);
    if (stream != first)
        return stream->blocking ? run(first) : cudaSuccess;
    for (cudaStream_t other : streams) {
        if (other->device == stream->device && other->blocking) {
            const cudaError_t error = run(other);
            if (error != cudaSuccess)
                return error;
        }
    }
    return cudaSuccess;
}

cudaError_t begin(EpnetEmulationCall call) {
    const cudaError_t error = call_fault(call);
    return error != cudaSuccess ? error : device_ready();
}

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

cudaError_t check_launch(const void *kernel, dim3 grid, dim3 block, size_t shared_bytes) {
    const uint64_t threads = static_cast<uint64_t>(block.x) * block.y * block.z;
    if (threads == 0 || threads > MAX_THREADS || block.z > 64 || grid.x == 0 || grid.y == 0 || grid.z == 0 ||
        grid.x > 2147483647u || grid.y > 65535 || grid.z > 65535)
        return cudaErrorInvalidConfiguration;
    return shared_bytes > kernel_shared_limit(kernel) ? cudaErrorInvalidValue : device_image();
}

} // namespace

cudaError_t stream_enqueue(cudaStream_t handle, std::function<cudaError_t()> operation) {
    const cudaStream_t stream = find_stream(handle);
    if (stream == nullptr)
        return cudaErrorInvalidResourceHandle;
    work.serial += stream->blocking;
    const cudaError_t error = take_turn(stream);
    if (error != cudaSuccess)
        return error;
    stream->queue.push_back(std::move(operation));
    stream->enqueued++;
    return settings.eager ? run(stream) : cudaSuccess;
}

cudaError_t stream_finish(cudaStream_t handle) {
    const cudaStream_t stream = find_stream(handle);
    return stream == nullptr ? cudaErrorInvalidResourceHandle : run(stream);
}

cudaError_t device_drain(int device) {
    cudaError_t error = run(default_stream(device));
    for (cudaStream_t stream : streams) {
        if (error == cudaSuccess && stream->device == device)
            error = run(stream);
    }
    return error;
}

void device_streams_forget(int device) {
    default_stream(device)->queue.clear();
    for (auto at = streams.begin(); at != streams.end();) {
        const cudaStream_t stream = *at;
        if (stream->device == device) {
            at = streams.erase(at);
            delete stream;
        } else {
            ++at;
        }
    }
}

void streams_held(EpnetEmulationHeld *held) {
    held->streams = static_cast<int>(streams.size());
    held->events = static_cast<int>(events.size());
}

void enqueue_kernel(const void *kernel, dim3 grid, dim3 block, size_t shared_bytes, cudaStream_t stream,
                    const void *given, size_t given_bytes, std::function<void()> body) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_LAUNCH);
    if (error == cudaSuccess)
        error = check_launch(kernel, grid, block, shared_bytes);
    if (error == cudaSuccess)
        error = device_local_memory_reserve();
    if (error == cudaSuccess) {
        const int device = current_device();
        const std::shared_ptr<void> use = device_memory_use(given, given_bytes);
        error = stream_enqueue(stream, [=] {
            static_cast<void>(use); /* until it has run */
            const cudaError_t fault = call_fault(EPNET_EMULATION_KERNEL);
            if (fault != cudaSuccess)
                return fault;
            device_memory_open(device, true);
            run_grid(grid, block, shared_bytes, body);
            device_memory_open(device, false);
            return cudaSuccess;
        });
    }
    keep_error(error);
}

} // namespace epnet_emulation

using namespace epnet_emulation;

/* ---- runtime: streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_STREAM);
    if (error != cudaSuccess)
        return keep_error(error);
    *stream = new CUstream_st{current_device(), (flags & cudaStreamNonBlocking) == 0, {}};
    streams.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) {
    return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Guard guard(machine_lock);
    if (streams.count(stream) == 0)
        return keep_error(cudaErrorInvalidResourceHandle);
    const cudaError_t error = device_ready();
    if (error == cudaSuccess)
        run(stream);
    for (cudaEvent_t event : events)
        event->stream = event->stream == stream ? nullptr : event->stream;
    streams.erase(stream);
    delete stream;
    return keep_error(error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_SYNCHRONIZE);
    return keep_error(error != cudaSuccess ? error : stream_finish(stream));
}

/* Every question lets one more piece of work happen, so that asking again and again ends. */
cudaError_t cudaStreamQuery(cudaStream_t handle) {
    Guard guard(machine_lock);
    cudaError_t error = device_ready();
    const cudaStream_t stream = error == cudaSuccess ? find_stream(handle) : nullptr;
    if (error == cudaSuccess && stream == nullptr)
        error = cudaErrorInvalidResourceHandle;
    if (error == cudaSuccess && !stream->queue.empty()) {
        error = run(stream, stream->done + 1);
        if (error == cudaSuccess)
            error = cudaErrorNotReady;
    }
    return keep_error(error);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_EVENT);
    if (error != cudaSuccess)
        return keep_error(error);
    if (events.count(event) == 0)
        return keep_error(cudaErrorInvalidResourceHandle);
    const cudaStream_t other = event->stream;
    const uint64_t ticket = event->ticket;
    return keep_error(
        stream_enqueue(stream, [=] { return other == nullptr ? cudaSuccess : run(other, ticket); }));
}

/* ---- runtime: events ---- */

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_EVENT);
    if (error != cudaSuccess)
        return keep_error(error);
    *event = new CUevent_st{(flags & cudaEventDisableTiming) == 0};
    events.insert(*event);
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event) {
    return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Guard guard(machine_lock);
    if (events.count(event) == 0)
        return keep_error(cudaErrorInvalidResourceHandle);
    const cudaError_t error = device_ready();
    if (error == cudaSuccess && event->stream != nullptr)
        run(event->stream, event->ticket);
    events.erase(event);
    delete event;
    return keep_error(error);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_EVENT);
    const cudaStream_t stream = error == cudaSuccess ? find_stream(handle) : nullptr;
    if (error == cudaSuccess && (stream == nullptr || events.count(event) == 0))
        error = cudaErrorInvalidResourceHandle;
    if (error != cudaSuccess)
        return keep_error(error);
    event->stream = stream;
    event->ticket = stream->enqueued + 1;
    return keep_error(stream_enqueue(handle, [event] {
        event->seconds = now();
        return cudaSuccess;
    }));
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Guard guard(machine_lock);
    cudaError_t error = begin(EPNET_EMULATION_SYNCHRONIZE);
    if (error == cudaSuccess && events.count(event) == 0)
        error = cudaErrorInvalidResourceHandle;
    if (error == cudaSuccess && event->stream != nullptr)
        error = run(event->stream, event->ticket);
    return keep_error(error);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    Guard guard(machine_lock);
    cudaError_t error = device_ready();
    if (error == cudaSuccess && events.count(event) == 0)
        error = cudaErrorInvalidResourceHandle;
    if (error == cudaSuccess && event->stream != nullptr && event->stream->done < event->ticket) {
        error = run(event->stream, event->stream->done + 1);
        if (error == cudaSuccess)
            error = cudaErrorNotReady;
    }
    return keep_error(error);
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
    Guard guard(machine_lock);
    const cudaError_t error = begin(EPNET_EMULATION_EVENT);
    if (error != cudaSuccess)
        return keep_error(error);
    if (events.count(start) == 0 || events.count(end) == 0 || !start->timed || !end->timed)
        return keep_error(cudaErrorInvalidResourceHandle);
    for (cudaEvent_t event : {start, end}) {
        if (event->stream != nullptr && event->stream->done < event->ticket)
            return keep_error(cudaErrorNotReady);
        if (event->seconds < 0)
            return keep_error(cudaErrorInvalidResourceHandle);
    }
    *milliseconds = static_cast<float>(1e3 * (end->seconds - start->seconds));
    return cudaSuccess;
}
