"""The invented names and texts of the population, in the three languages its customers speak."""

from __future__ import annotations

from dataclasses import dataclass

GIVEN_NAMES = {
    "it": ("Giulia", "Marco", "Chiara", "Luca", "Elena", "Davide", "Marta", "Paolo", "Irene", "Stefano"),
    "fr": ("Camille", "Julien", "Élodie", "Mathieu", "Aurélie", "Bastien", "Inès", "Loïc", "Manon", "Rémi"),
    "en": ("Alice", "Oliver", "Grace", "Henry", "Sophie", "Thomas", "Ruth", "Edward", "Nora", "Simon"),
}
FAMILY_NAMES = {
    "it": ("Bianchi", "Colombo", "De Luca", "Esposito", "Ferri", "Galli", "Moretti", "Rinaldi", "Serra", "Vitali"),
    "fr": ("Aubert", "Besson", "Chevalier", "Delorme", "Fontaine", "Girard", "Lefèvre", "Marchand", "Renaud", "Vidal"),
    "en": ("Ashby", "Barlow", "Carver", "Dalton", "Ellison", "Hargreave", "Langley", "Merton", "Pickering", "Wexford"),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """What a contact is about. `group` and `outcome` name its wrap-up code, `tag` its label."""

    tag: str
    group: str
    outcome: str
    subject: dict[str, str]
    asks: dict[str, str]
    answers: dict[str, str]


THANKS = {
    "it": "Perfetto, grazie mille.",
    "fr": "Parfait, merci beaucoup.",
    "en": "Perfect, thank you very much.",
}
NOTES = {
    "it": "Nota interna: verificato con il reparto, richiamare se non risponde.",
    "fr": "Note interne : vérifié avec le service, rappeler sans réponse.",
    "en": "Internal note: checked with the department, call back if there is no reply.",
}
WAITING = {
    "it": ("Un momento ancora, sto verificando.", "Va bene, resto in attesa."),
    "fr": ("Encore un instant, je vérifie.", "D'accord, je patiente."),
    "en": ("One more moment, I am checking.", "All right, I will wait."),
}
"""What an agent and a customer say while a conversation goes on."""

PRAISE = {
    "it": "Risposta rapida e chiara.",
    "fr": "Réponse rapide et claire.",
    "en": "Quick and clear answer.",
}
CRITICISM = {
    "it": "Ho dovuto ripetere tutto tre volte.",
    "fr": "J'ai dû tout répéter trois fois.",
    "en": "I had to explain everything three times.",
}

TOPICS = (
    Topic(
        "quote",
        "Sales",
        "Quote sent",
        {"it": "Richiesta di preventivo", "fr": "Demande de devis", "en": "Request for a quote"},
        {
            "it": "Buongiorno, vorrei un preventivo per venti postazioni.",
            "fr": "Bonjour, je voudrais un devis pour vingt postes.",
            "en": "Hello, I would like a quote for twenty seats.",
        },
        {
            "it": "Le ho inviato il preventivo, resta valido trenta giorni.",
            "fr": "Je vous ai envoyé le devis, il est valable trente jours.",
            "en": "I have sent you the quote, it stays valid for thirty days.",
        },
    ),
    Topic(
        "invoice",
        "Administration",
        "Invoice corrected",
        {"it": "Fattura con importo errato", "fr": "Facture au montant erroné", "en": "Invoice with a wrong amount"},
        {
            "it": "L'ultima fattura riporta due volte lo stesso canone.",
            "fr": "La dernière facture compte deux fois le même abonnement.",
            "en": "The last invoice charges the same fee twice.",
        },
        {
            "it": "Abbiamo emesso la nota di credito, la trova nell'area clienti.",
            "fr": "Nous avons émis un avoir, il se trouve dans votre espace client.",
            "en": "We have issued the credit note, you will find it in your account.",
        },
    ),
    Topic(
        "delivery",
        "Logistics",
        "Delivery rescheduled",
        {"it": "Consegna in ritardo", "fr": "Livraison en retard", "en": "Late delivery"},
        {
            "it": "Il pacco doveva arrivare martedì e non è ancora qui.",
            "fr": "Le colis devait arriver mardi et il n'est pas encore là.",
            "en": "The parcel was due on Tuesday and it is still not here.",
        },
        {
            "it": "Il corriere passerà domani mattina tra le nove e le undici.",
            "fr": "Le livreur passera demain matin entre neuf et onze heures.",
            "en": "The courier will come tomorrow morning between nine and eleven.",
        },
    ),
    Topic(
        "fault",
        "Support",
        "Fault solved",
        {"it": "Il telefono perde la linea", "fr": "Le téléphone perd la ligne", "en": "The phone drops the line"},
        {
            "it": "Da ieri il telefono dell'ufficio perde la linea ogni dieci minuti.",
            "fr": "Depuis hier le téléphone du bureau perd la ligne toutes les dix minutes.",
            "en": "Since yesterday the office phone drops the line every ten minutes.",
        },
        {
            "it": "Abbiamo aggiornato l'apparato, ora la linea è stabile.",
            "fr": "Nous avons mis à jour l'appareil, la ligne est stable maintenant.",
            "en": "We have updated the device, the line is stable now.",
        },
    ),
    Topic(
        "contract",
        "Sales",
        "Contract renewed",
        {"it": "Rinnovo del contratto", "fr": "Renouvellement du contrat", "en": "Contract renewal"},
        {
            "it": "Il contratto scade a fine mese, come posso rinnovarlo?",
            "fr": "Le contrat expire à la fin du mois, comment le renouveler ?",
            "en": "The contract ends this month, how can I renew it?",
        },
        {
            "it": "Il rinnovo è confermato alle stesse condizioni.",
            "fr": "Le renouvellement est confirmé aux mêmes conditions.",
            "en": "The renewal is confirmed on the same terms.",
        },
    ),
    Topic(
        "appointment",
        "Support",
        "Visit booked",
        {"it": "Visita del tecnico", "fr": "Visite du technicien", "en": "Visit of the engineer"},
        {
            "it": "Quando può passare il tecnico per il nuovo apparecchio?",
            "fr": "Quand le technicien peut-il passer pour le nouvel appareil ?",
            "en": "When can the engineer come for the new device?",
        },
        {
            "it": "Ho fissato la visita per giovedì alle dieci.",
            "fr": "J'ai fixé la visite à jeudi dix heures.",
            "en": "I have booked the visit for Thursday at ten.",
        },
    ),
)
