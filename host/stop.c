#include "stop.h"

#include "threading.h"

bool epnet_stop_due(const EpnetStop *stop) {
    return stop != NULL && ((stop->flag != NULL && *stop->flag != 0) ||
                            (stop->until > 0 && epnet_seconds_now() >= stop->until));
}

bool epnet_stop_after(EpnetStopLook *look, uint64_t bytes) {
    look->bytes += bytes;
    if (look->bytes < EPNET_STOP_LOOK)
        return false;
    look->bytes = 0;
    return epnet_stop_due(look->stop);
}
