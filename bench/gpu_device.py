#!/usr/bin/env python3
"""What the CUDA driver's own library says of the devices, as JSON: gpu_device.py INDEX.

The index is the one that a CUDA program knows (CUDA_VISIBLE_DEVICES and CUDA_DEVICE_ORDER apply), which nvidia-smi's need
not be; and a driver works, or says why not, where nvidia-smi is not installed. Printed is {"refusal": why no program can
use the device}, {"unknown": why this one could not ask}, or name, capability, clock, count, driver, cuda (the release that
the driver is for, [12, 8]).
"""
import json
import sys

try:
    import ctypes
except ImportError:
    ctypes = None

CLOCK, MAJOR, MINOR = 13, 75, 76  # CUdevice_attribute


class Refused(Exception):
    """The driver does not do as it is asked."""


def call(driver, function, *arguments):
    code = getattr(driver, function)(*arguments)
    if code != 0:
        name, text = ctypes.c_char_p(), ctypes.c_char_p()
        driver.cuGetErrorName(code, ctypes.byref(name))
        driver.cuGetErrorString(code, ctypes.byref(text))
        described = ": ".join(t.value.decode(errors="replace") for t in (name, text) if t.value)
        raise Refused(f"{function}: {described or code}")


def number(driver, function, *arguments):
    """What a function leaves where its first argument points."""
    value = ctypes.c_int()
    call(driver, function, ctypes.byref(value), *arguments)
    return value.value


def describe(index):
    if ctypes is None:
        return {"unknown": "this Python has no ctypes"}
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as reason:
        return {"refusal": f"no driver: {reason}"}
    try:
        call(driver, "cuInit", 0)
        count = number(driver, "cuDeviceGetCount")
        if index >= count:
            return {"refusal": f"there is no device {index}: CUDA finds {count} (CUDA_VISIBLE_DEVICES applies)"}
        device = number(driver, "cuDeviceGet", index)
        name = ctypes.create_string_buffer(256)
        call(driver, "cuDeviceGetName", name, len(name), device)
        major, minor, clock = (number(driver, "cuDeviceGetAttribute", what, device) for what in (MAJOR, MINOR, CLOCK))
        version = number(driver, "cuDriverGetVersion")
    except Refused as reason:
        return {"refusal": str(reason)}
    except AttributeError as reason:  # no such function
        return {"unknown": str(reason)}
    cuda = version // 1000, version % 1000 // 10
    return {"name": name.value.decode(errors="replace"), "capability": f"{major}.{minor}", "clock": f"{clock // 1000} MHz",
            "count": count, "driver": "for CUDA %d.%d" % cuda, "cuda": cuda}


if __name__ == "__main__":
    print(json.dumps(describe(int(sys.argv[1]))))
