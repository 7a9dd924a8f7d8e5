// SPDX-License-Identifier: BSD-2-Clause
//
// Transmit policies (RFC 4301, section 4.4.1): all rules are compared at once; of those that match,
// the one of the lowest priority wins, then the lowest index.
//
// The order of the rules is kept as a matrix, written when a rule is: bit j of row i says that rule
// j goes before rule i. The winner is then the rule that matches and that no other one that
// matches goes before. A rule that is not in use counts as going after all others, as it never
// matches.
//
// Latency 2 cycles, interval 1. Rules are written only while no packet is inside.
/* verilator lint_off UNUSEDSIGNAL */  // records are not used to the last bit
module ravelin_ipsec_policy #(
  parameter int unsigned PolicyCount = 64,
  localparam int unsigned IdxW = $clog2(PolicyCount)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             set_valid_i,
  input  logic [IdxW-1:0]                  set_idx_i,
  input  logic [31:0]                      set_priority_i,
  input  logic [ravelin_ipsec_pkg::RULE_W-1:0] set_rule_i,
  output logic [PolicyCount-1:0]           used_o,
  input  logic                             valid_i,
  input  logic [ravelin_ipsec_pkg::FLOW_REC_W-1:0] flow_i,
  output logic                             valid_o,
  output logic                             hit_o,
  output logic [1:0]                       action_o,
  output logic [15:0]                      sa_o
);
  localparam logic [1:0] Bypass = 2'(ravelin_regs_pkg::POLICY_ACTION_BYPASS);

  logic [PolicyCount-1:0]             used_q;
  logic [PolicyCount*32-1:0]          priority_q;
  logic [PolicyCount*18-1:0]          result_q;   // {action, sa} of each rule
  logic [PolicyCount*PolicyCount-1:0] before_q;
  logic [ravelin_ipsec_pkg::RULE_W-1:0] rule_q [0:PolicyCount-1];
  logic [PolicyCount-1:0]             match_q;
  logic                               match_valid_q;
  ravelin_ipsec_pkg::rule_t           set_rule;

  assign set_rule = set_rule_i;
  assign used_o   = used_q;

  // What isn't seen evades no rule that protects or discards, and wins none that lets pass.
  function automatic logic rule_fits(input logic [ravelin_ipsec_pkg::RULE_W-1:0] bits,
                                     input logic [ravelin_ipsec_pkg::FLOW_REC_W-1:0] flow);
    logic        valid;
    logic [1:0]  action;
    logic [15:0] sa;
    logic [ravelin_ipsec_pkg::SELECTOR_W-1:0] selector;
    // the fields of rule_t, in its order
    {valid, action, sa, selector} = bits;
    rule_fits = valid && ravelin_ipsec_pkg::selector_fits(selector, flow, action != Bypass);
  endfunction

  function automatic logic [PolicyCount-1:0] winner_of(
      input logic [PolicyCount-1:0] match,
      input logic [PolicyCount*PolicyCount-1:0] goes_before);
    winner_of = '0;
    for (int unsigned i = 0; i < PolicyCount; i++) begin
      winner_of[i] = match[i] && (match & goes_before[i*PolicyCount +: PolicyCount]) == '0;
    end
  endfunction

  function automatic logic [17:0] select(input logic [PolicyCount-1:0] one_hot,
                                         input logic [PolicyCount*18-1:0] results);
    select = '0;
    for (int unsigned i = 0; i < PolicyCount; i++) begin
      if (one_hot[i]) begin
        select = select | results[i*18 +: 18];
      end
    end
  endfunction

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      used_q        <= '0;
      match_valid_q <= 1'b0;
      valid_o       <= 1'b0;
    end else begin
      match_valid_q <= valid_i;
      valid_o       <= match_valid_q;
      if (set_valid_i) begin
        used_q[set_idx_i] <= set_rule.valid;
      end
    end
  end

  // The rule that is written, against each other one.
  logic [PolicyCount-1:0] others_before, before_others, self;
  always_comb begin
    others_before = '0;
    before_others = '0;
    self          = '0;
    if (set_valid_i) begin
      self = PolicyCount'(1) << set_idx_i;
      for (int unsigned i = 0; i < PolicyCount; i++) begin
        others_before[i] = priority_q[i*32 +: 32] < set_priority_i ||
                           (priority_q[i*32 +: 32] == set_priority_i && i < 32'(set_idx_i));
        before_others[i] = !others_before[i];
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (set_valid_i) begin
      rule_q[set_idx_i] <= set_rule_i;
      for (int unsigned i = 0; i < PolicyCount; i++) begin
        if (self[i]) begin
          priority_q[i*32 +: 32] <= set_priority_i;
          result_q[i*18 +: 18]   <= {set_rule.action, set_rule.sa};
          before_q[i*PolicyCount +: PolicyCount] <= others_before & ~self;
        end else begin
          before_q[i*PolicyCount +: PolicyCount] <=
              (before_q[i*PolicyCount +: PolicyCount] & ~self) |
              (self & {PolicyCount{before_others[i]}});
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (valid_i) begin
      for (int unsigned i = 0; i < PolicyCount; i++) begin
        match_q[i] <= used_q[i] && rule_fits(rule_q[i], flow_i);
      end
    end
    if (match_valid_q) begin
      hit_o            <= match_q != '0;
      {action_o, sa_o} <= select(winner_of(match_q, before_q), result_q);
    end
  end
endmodule
/* verilator lint_on UNUSEDSIGNAL */
