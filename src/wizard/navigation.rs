//! Where one can go: forward and back over the steps that apply, and the trail that Back follows.
