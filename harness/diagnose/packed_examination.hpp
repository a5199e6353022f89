// SPDX-License-Identifier: MIT
#pragma once

#include "builder/base/packed.hpp"
#include "harness/diagnose/diagnosis.hpp"
#include "harness/diagnose/ram_layout.hpp"

// An Examination on its way to and from the process that reads a guest's memory; see builder/base/packed.hpp.
namespace lktest {

template <typename Archive>
void each_field(Archive& archive, RamRange& range) {
    auto& [address, size, offset] = range;
    archive(address, size, offset);
}

template <typename Archive>
void each_field(Archive& archive, PageTables& tables) {
    auto& [arch, root, address_bits, page_shift, of_program] = tables;
    archive(arch, root, address_bits, page_shift, of_program);
}

template <typename Archive>
void each_field(Archive& archive, CpuState& cpu) {
    auto& [index, pc, sp, frame, return_to, mode, halted, takes_interrupts, page_tables] = cpu;
    archive(index, pc, sp, frame, return_to, mode, halted, takes_interrupts, page_tables);
}

template <typename Archive>
void each_field(Archive& archive, LogRecord& record) {
    auto& [sequence, time, level, facility, text] = record;
    archive(sequence, time, level, facility, text);
}

template <typename Archive>
void each_field(Archive& archive, Backtrace& backtrace) {
    auto& [cpu, frames, code] = backtrace;
    archive(cpu, frames, code);
}

template <typename Archive>
void each_field(Archive& archive, NetworkCard& card) {
    auto& [name, mac, driver, up] = card;
    archive(name, mac, driver, up);
}

template <typename Archive>
void each_field(Archive& archive, Task& task) {
    auto& [pid, parent, name, state, of_kernel, program, arguments, input, waits] = task;
    archive(pid, parent, name, state, of_kernel, program, arguments, input, waits);
}

template <typename Archive>
void each_field(Archive& archive, TaskList& list) {
    auto& [tasks, root, cards] = list;
    archive(tasks, root, cards);
}

template <typename Archive>
void each_field(Archive& archive, AttachedDevice& device) {
    auto& [kind, model, name] = device;
    archive(kind, model, name);
}

template <typename Archive>
void each_field(Archive& archive, Examination& seen) {
    auto& [samples, log_found, log_by_shape, kernel, log, backtraces, tasks, efi_images, in_efi_images, disks,
           network, attached, kernel_entered, kernel_on_console, loader, reached, resets, reset_loop,
           untold] = seen;
    archive(samples, log_found, log_by_shape, kernel, log, backtraces, tasks, efi_images, in_efi_images,
            disks, network, attached, kernel_entered, kernel_on_console, loader, reached, resets, reset_loop,
            untold);
}

}  // namespace lktest
