"""Runs programs where a crash cannot hurt: controller (parent), zygote, child."""
