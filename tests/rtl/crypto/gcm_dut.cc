// SPDX-License-Identifier: BSD-2-Clause
#include "tests/rtl/crypto/gcm_dut.h"

#include <cstring>

#include "Vravelin_gcm.h"
#include "Vravelin_gcm___024root.h"
#include "verilated.h"

struct gcm_dut {
	VerilatedContext context;
	Vravelin_gcm top{&context};
};

struct gcm_dut *gcm_dut_new(void)
{
	gcm_dut *d = new gcm_dut;

	d->top.clk_i = 0;
	d->top.rst_ni = 0;
	d->top.mutation_i = 0;
	d->top.dead_i = 0;
	d->top.damage_key_i = 0;
	d->top.damage_beat_i = 0;
	d->top.damage_low_i = 0;
	d->top.damage_high_i = 0;
	d->top.in_valid_i = 0;
	d->top.key_req_valid_i = 0;
	d->top.out_ready_i = 0;
	d->top.eval();
	return d;
}

void gcm_dut_free(struct gcm_dut *d)
{
	d->top.final();
	delete d;
}

unsigned int gcm_dut_octets(void)
{
	return GCM_DATA_W / 8;
}

unsigned int gcm_dut_slots(void)
{
	return GCM_SLOTS;
}

bool gcm_dut_decrypts(void)
{
	return GCM_DECRYPT;
}

void gcm_dut_set_reset(struct gcm_dut *d, bool reset)
{
	d->top.rst_ni = !reset;
}

void gcm_dut_set_mutation(struct gcm_dut *d, unsigned int mutation)
{
	d->top.mutation_i = mutation;
}

void gcm_dut_set_in(struct gcm_dut *d, const struct gcm_in *in)
{
	d->top.in_valid_i = in != nullptr;
	if (!in)
		return;
	d->top.in_sop_i = in->sop;
	d->top.in_eop_i = in->eop;
	d->top.in_auth_only_i = in->auth_only;
	d->top.in_bypass_i = in->bypass;
	memcpy(&d->top.in_data_i, in->data, GCM_DATA_W / 8);
	d->top.in_bytes_i = in->bytes;
	d->top.in_slot_i = in->slot;
	memcpy(&d->top.in_iv_i, in->iv, 8);
	memcpy(&d->top.in_aad_i, in->aad, 16);
	d->top.in_aad_len_i = in->aad_len;
	d->top.in_auth_len_i = in->auth_len;
	d->top.in_len_i = in->len;
}

void gcm_dut_set_key(struct gcm_dut *d, const struct gcm_key *key)
{
	d->top.key_req_valid_i = key != nullptr;
	if (!key)
		return;
	d->top.key_req_erase_i = key->erase;
	d->top.key_req_slot_i = key->slot;
	d->top.key_req_size_i = key->key_len / 8 - 2;
	memcpy(&d->top.key_req_key_i, key->key, 32);
	memcpy(&d->top.key_req_salt_i, key->salt, 4);
}

void gcm_dut_set_out_ready(struct gcm_dut *d, bool ready)
{
	d->top.out_ready_i = ready;
}

bool gcm_dut_in_ready(const struct gcm_dut *d)
{
	return d->top.in_ready_o;
}

bool gcm_dut_key_ready(const struct gcm_dut *d)
{
	return d->top.key_req_ready_o;
}

bool gcm_dut_key_done(const struct gcm_dut *d)
{
	return d->top.key_done_o;
}

bool gcm_dut_ready(const struct gcm_dut *d)
{
	return d->top.ready_o;
}

bool gcm_dut_idle(const struct gcm_dut *d)
{
	return d->top.idle_o;
}

bool gcm_dut_get_out(const struct gcm_dut *d, struct gcm_out *out)
{
	if (!d->top.out_valid_o)
		return false;
	out->sop = d->top.out_sop_o;
	out->eop = d->top.out_eop_o;
	out->bypass = d->top.out_bypass_o;
	memcpy(out->data, &d->top.out_data_o, GCM_DATA_W / 8);
	out->bytes = d->top.out_bytes_o;
	memcpy(out->tag, &d->top.out_tag_o, 16);
	return true;
}

void gcm_dut_cycle(struct gcm_dut *d)
{
	d->top.clk_i = 1;
	d->top.eval();
	d->top.clk_i = 0;
	d->top.eval();
}

const void *gcm_dut_state(const struct gcm_dut *d, size_t *size)
{
	*size = sizeof(*d->top.rootp);
	return GCM_WHOLE_STATE ? d->top.rootp : nullptr;
}
