package notices

import (
	"strings"

	"amends/orders"
)

// voidReasons says why something is void. What is only suspected, and what a lender thinks, is not told.
var voidReasons = map[string]map[string]string{
	"zh-CN": {
		"customer_request":    "应您的要求",
		"customer_change":     "您的需求有变更",
		"duplicate":           "与您的另一笔订单重复",
		"out_of_stock":        "商品缺货",
		"price_error":         "订单中的价格有误",
		"information_error":   "订单中的信息有误",
		"credit_refused":      "暂时无法按所选的付款方式办理",
		"payment_failed":      "付款未完成",
		"service_unavailable": "该服务目前无法提供",
		"delivery_refused":    "包裹未被签收",
		"":                    "因故无法继续办理",
	},
	"en": {
		"customer_request":    "you asked us to",
		"customer_change":     "you changed your request",
		"duplicate":           "it repeats another order of yours",
		"out_of_stock":        "the goods are out of stock",
		"price_error":         "a price in it was wrong",
		"information_error":   "some of its information was wrong",
		"credit_refused":      "the chosen way of payment is not available for it at present",
		"payment_failed":      "the payment was not completed",
		"service_unavailable": "the service is not available at present",
		"delivery_refused":    "the parcel was not accepted",
		"":                    "we are unable to carry it out",
	},
}

// houseReasons says the same to departments.
var houseReasons = map[string]map[string]string{
	"zh-CN": {
		"customer_request":    "客户要求",
		"customer_change":     "客户需求有变更",
		"duplicate":           "与客户的另一笔订单重复",
		"out_of_stock":        "商品缺货",
		"price_error":         "价格有误",
		"information_error":   "订单信息有误",
		"credit_refused":      "信用审核未通过",
		"payment_failed":      "付款未完成",
		"fraud_suspected":     "疑似欺诈",
		"service_unavailable": "服务无法提供",
		"delivery_refused":    "包裹未被签收",
		"":                    "其他原因",
	},
	"en": {
		"customer_request":    "the customer's request",
		"customer_change":     "the customer changed the request",
		"duplicate":           "it repeats another order of the customer",
		"out_of_stock":        "the goods are out of stock",
		"price_error":         "a price was wrong",
		"information_error":   "some of its information was wrong",
		"credit_refused":      "credit was refused",
		"payment_failed":      "the payment was not completed",
		"fraud_suspected":     "fraud is suspected",
		"service_unavailable": "the service is not available",
		"delivery_refused":    "the parcel was not accepted",
		"":                    "another reason",
	},
}

// regretted are the reasons that are not the customer's own wish.
var regretted = []string{
	"out_of_stock", "price_error", "information_error", "credit_refused", "fraud_suspected", "service_unavailable", "other",
}

// alternatives are what a customer is offered, by the codes of a plan. What only makes sense instead of a void, such as
// to wait, is not offered after it.
var alternatives = map[string]map[string]string{
	"zh-CN": {
		"place_again": "重新下单",
		"after_sales": "办理售后",
	},
	"en": {
		"place_again": "place the order again",
		"after_sales": "help you with after-sales service",
	},
}

// formatAlternatives joins what is known within a sentence.
func formatAlternatives(codes []string, language string) string {
	or := "或"
	if language == "en" {
		or = " or "
	}
	return strings.Join(known(alternatives[language], codes), or)
}

// moneyTold tells whether there is something to say about money that is given back or used otherwise.
func moneyTold(v orders.MessageVoid) bool {
	return !v.Refund.IsZero() || !v.Release.IsZero() || !v.CarryOver.IsZero() || v.Frees
}

// formatParcels joins tracking numbers within a sentence about any of the parcels.
func formatParcels(trackings []string, language string) string {
	separator := "、"
	if language == "en" {
		separator = " or "
	}
	return oneLine(strings.Join(trackings, separator))
}

// byHand says who has to do what, by kinds of step that people do.
var byHand = map[string]map[string]string{
	"zh-CN": {
		orders.StepPutBack:       "仓库：将已打包的商品拆包放回",
		orders.StepApproveReturn: "主管：与客户确认退货",
		orders.StepReceive:       "仓库：接收退回的商品",
		orders.StepInspect:       "仓库：检验退回的商品（完好或损坏）",
		orders.StepCreditNote:    "财务：开具红字发票",
		orders.StepPaperInvoice:  "财务：处理已开出的纸质发票",
	},
	"en": {
		orders.StepPutBack:       "Warehouse: unpack what is packed and put it back",
		orders.StepApproveReturn: "Manager: agree the return with the customer",
		orders.StepReceive:       "Warehouse: receive the goods that come back",
		orders.StepInspect:       "Warehouse: inspect the goods that come back (good or damaged)",
		orders.StepCreditNote:    "Finance: issue a credit note (红字发票)",
		orders.StepPaperInvoice:  "Finance: decide about the paper invoice",
	},
}

// bySystem says what the system does and who looks after it, by the other kinds of step.
var bySystem = map[string]map[string]string{
	"zh-CN": {
		orders.StepRelease:        "仓库：释放库存占用",
		orders.StepCancelLabel:    "仓库：取消运单",
		orders.StepIntercept:      "仓库：请承运商拦截包裹",
		orders.StepRestock:        "仓库：完好的入库，损坏的报废",
		orders.StepFreeSlots:      "服务：释放预约时间",
		orders.StepCancelPurchase: "采购：取消采购申请",
		orders.StepReleasePayment: "财务：解除冻结的款项",
		orders.StepRefund:         "财务：退款",
		orders.StepCarryOver:      "销售：将已付款项转入新订单",
		orders.StepReverse:        "财务：冲回收入",
		orders.StepInvoice:        "财务：撤回开票申请",
		orders.StepTell:           "销售：通知客户",
		orders.StepTellMoney:      "销售：款项退回后通知客户",
	},
	"en": {
		orders.StepRelease:        "Warehouse: release the stock held",
		orders.StepCancelLabel:    "Warehouse: cancel the label",
		orders.StepIntercept:      "Warehouse: ask the carrier to stop the parcel",
		orders.StepRestock:        "Warehouse: restock the good ones, scrap the damaged ones",
		orders.StepFreeSlots:      "Service: free the appointment",
		orders.StepCancelPurchase: "Purchasing: cancel the purchase request",
		orders.StepReleasePayment: "Finance: release the money held",
		orders.StepRefund:         "Finance: refund",
		orders.StepCarryOver:      "Sales: carry the money paid over to the new order",
		orders.StepReverse:        "Finance: reverse the revenue",
		orders.StepInvoice:        "Finance: take back the request for an invoice",
		orders.StepTell:           "Sales: tell the customer",
		orders.StepTellMoney:      "Sales: tell the customer when the money has moved",
	},
}

// known returns the words for the codes that have some, each once, in the order of the codes.
func known(words map[string]string, codes []string) (texts []string) {
	said := map[string]bool{}
	for _, code := range codes {
		if text, ok := words[code]; ok && !said[code] {
			texts = append(texts, text)
			said[code] = true
		}
	}
	return texts
}
