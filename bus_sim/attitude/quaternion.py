"""Unit quaternions as tuples (w, x, y, z), scalar first, Hamilton product.

The attitude quaternion takes body components to inertial (TEME) components: v_inertial = q v_body q*. A rotation by
``angle`` about the unit vector ``axis`` is (cos(angle/2), axis sin(angle/2)).
"""

import math

from bus_sim.vectors import Vector

Quaternion = tuple[float, float, float, float]
"""(w, x, y, z), scalar first."""

Matrix = tuple[Vector, Vector, Vector]
"""Three rows."""

IDENTITY: Quaternion = (1.0, 0.0, 0.0, 0.0)


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Hamilton product ``a b``: first rotate by ``b``, then by ``a``."""
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def conjugate(q: Quaternion) -> Quaternion:
    """The inverse rotation of a unit quaternion."""
    return (q[0], -q[1], -q[2], -q[3])


def normalized(q: Quaternion) -> Quaternion:
    """``q`` with length one."""
    w, x, y, z = q
    factor = 1.0 / math.sqrt(w * w + x * x + y * y + z * z)
    return (w * factor, x * factor, y * factor, z * factor)


def matrix(q: Quaternion) -> Matrix:
    """Rotation matrix of a unit quaternion: its columns are the body axes in inertial components."""
    w, x, y, z = q
    xx, yy, zz = x * x, y * y, z * z
    xy, xz, yz = x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    return (
        (1.0 - 2.0 * (yy + zz), 2.0 * (xy - wz), 2.0 * (xz + wy)),
        (2.0 * (xy + wz), 1.0 - 2.0 * (xx + zz), 2.0 * (yz - wx)),
        (2.0 * (xz - wy), 2.0 * (yz + wx), 1.0 - 2.0 * (xx + yy)),
    )


def to_inertial(m: Matrix, v: Vector) -> Vector:
    """Inertial components of a body vector, with the attitude's matrix."""
    x, y, z = v
    (a, b, c), (d, e, f), (g, h, i) = m
    return (a * x + b * y + c * z, d * x + e * y + f * z, g * x + h * y + i * z)


def to_body(m: Matrix, v: Vector) -> Vector:
    """Body components of an inertial vector, with the attitude's matrix."""
    x, y, z = v
    (a, b, c), (d, e, f), (g, h, i) = m
    return (a * x + d * y + g * z, b * x + e * y + h * z, c * x + f * y + i * z)


def from_axes(x: Vector, y: Vector, z: Vector) -> Quaternion:
    """The attitude whose body axes are the orthonormal right-handed ``x``, ``y``, ``z`` in inertial components.

    Source: Shepperd, J. Guidance and Control 1 (1978) 223: the largest component is found first, so no digits cancel.
    """
    trace = x[0] + y[1] + z[2]
    largest = max(trace, x[0], y[1], z[2])
    if largest == trace:
        q = (1.0 + trace, y[2] - z[1], z[0] - x[2], x[1] - y[0])
    elif largest == x[0]:
        q = (y[2] - z[1], 1.0 + x[0] - y[1] - z[2], x[1] + y[0], z[0] + x[2])
    elif largest == y[1]:
        q = (z[0] - x[2], x[1] + y[0], 1.0 + y[1] - x[0] - z[2], y[2] + z[1])
    else:
        q = (x[1] - y[0], z[0] + x[2], y[2] + z[1], 1.0 + z[2] - x[0] - y[1])
    return normalized(q)


def from_rotation_vector(v: Vector) -> Quaternion:
    """Rotation by the angle |v| [rad] about the direction of ``v``."""
    x, y, z = v
    angle = math.sqrt(x * x + y * y + z * z)
    if angle < 1.0e-12:
        return normalized((1.0, 0.5 * x, 0.5 * y, 0.5 * z))
    factor = math.sin(0.5 * angle) / angle
    return (math.cos(0.5 * angle), factor * x, factor * y, factor * z)


def angle_between(a: Quaternion, b: Quaternion) -> float:
    """Angle of the rotation that leads from one attitude to the other [rad], 0 to pi."""
    w, x, y, z = multiply(conjugate(a), b)
    return 2.0 * math.atan2(math.sqrt(x * x + y * y + z * z), abs(w))
