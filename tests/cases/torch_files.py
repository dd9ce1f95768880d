"""Small files that PyTorch 2.13 wrote, packed as text, so that reading them is tested where it is not installed."""

import base64
import zlib

_PACKED = {
    "a state dict": (
        "eNqlVD1v00AYPtupk7ol/YCSfkgdmIJU0jhu8wGCVhb14oEQhGR1sRzniC3cuGdfWoFUEalqJTYQO0LiRzDyG4oEUwckBsTEyshd3Ka2QxIo"
        "Z59Ptu953ufee96rqlwCgFQK9LVpMAsMz7TsPbjaMLCR233qKHIabEdahzVN13GgiW235QsPvAb0YOO+bWIBgZs1xGQ1npDtQ7tpYcSa2CWU"
        "Ob2NbccXdA/W27bT0DFs+a6n7xUExGWzWpIgfDLTaEKUCCCC4rgGfhR8FNCYxpA5ecRrHBnN3TZKqjxGqYcqUDmVPUbjKqsyx0h4aVEVExhN"
        "1tAVjSwV1G3DR2mLxLESVsAjoikrqXIYTXfxR2hGZY7QbIC9itG1GpprH6Dr2jiZrO9AbNCEoEz3/7xGs4UWDtBiV/ge9HySC7SkMr7v13NV"
        "NZmSpPefb5BItFcHZjwDFnoZzz1xvR0D62dsijwXS/xZEyn9h5+nh3QdtA+mXwSlC/qz9OqGYzdbO7CFFVn6c4ThrbhGBWzsox8sCcEOFTAD"
        "NnoC6s8wdKlZFPnOZeKeN8fG2IFUw9HdbwvUavxQDWlwL+Lq1bwi3/4PAQFrZ4M8NslNeof0d5tUUebV99fz5Mf8CEUrUUWiImfB38fvfCQk"
        "JH7nBY35Zmnr0yT5MDk05lTICj2HXWr/JYFGPXnbfDx6/5dB4cKA3aX60LOJA58b9PTQ7YYi5/5RRH69KIr58npBKoqVYim/Xqis5cldlqRS"
        "uVSqlNcq9KpQlV8P2a0s0ZHtqmSo2J7OcIVO9ymPn4NxdLgAMxGkx4BBNR0nCRfRYoTkJEzSV7lxnnAhzER4aizoL8A4POzadAT+hQWx2olj"
        "w+6LYi0uhhXj2LCHpiLY0xB2QO7CW7scXXMCjDBdVeX5lXOLcrd6yFRsnGCD8VciGAmOnveASwbvwek7xgeYVHd+MPc3b9GWiA=="
    ),
    "views": (
        "eNqllctrE0EcxyfZTdKuNX34qFat9R1f6ebVxGdrkPWwB2tECILENRmbxW02v91pawWhICl4FEQ8iSf/Ba/+Cx68eRAEQVC8ePDob3Zt3J20"
        "Pof8MhD2+5nvzH5/k1ldkgnp6yM9Y4iMEMOpN81FOtkwmJFu37G0cpJcD42V6H0gqWoEBUsQqTMbFenaAjMtV6k59NaCaTVqjLZc26ktZhWI"
        "plLVBD7s4pPGHAXJlyiaZRvsqv+jArIHVCFWlXCutxcgrg8wSFzRiS7p8ir06bIeWYX+h/W6bVm0zky75SqXnQZ1aOOiWWcKKEcrsInBQAU2"
        "VxWkMMdouW3bpQ1INtFGU2rKzVjTAw9ysKxLqzCkRzh/+GGT60cYbKnAVs+FYy/BNlG4/QrK5A6M6pEO7PBFOxmMVWBXdQBFdJE6yxMurdut"
        "BuwW1Xv8/URXYRwxOO31CRMM9lVgfzWGBGPOMFtwoLm5yt8Rvds2Wg3cwsE1lndSGTiExAiDwx6xA0d00oGUTzvK4FgFjns0Ot9my3AiJM7C"
        "SRQTBmkuJvwUJtEVHq/qAzIMshXILaRn9UTfjaefXnxGGa/ZDcMzSpLd8KRv2868wWp4FC6+Jq2sBDKU4cyXX94+4E54bcwcI8WfzB/5qRmW"
        "Odeapy2mlXNCNP9oTOW5gekl+BjFJaK/NDBMprsGbi0zavO4aeUz/7Lu2rBMxizKPXTOvd8Zx1Xiv/SQJOdDXTmpauXT/2HAp65M49cMfrBW"
        "sJ5jvcJ6h0Uu4F2ANYGlXuBO796/fV7l/fkbp1vDTjNaeYj0rv9uhjNvzn/oRxCRu0yyLnMmzMxq5bP/c/zXN/Y/SLZ01+pGd1BcLKdw96+f"
        "zV37fX7GSfZngD37LnVMTPA9g99fNbOhldN/uRu1lD+VL5VK+eKpqYKaLxVzBVUt5KeKUxk1V8pmCsVCIV9US9zlm6+Jlyn0kfJcRrjZrs9g"
        "Ww/1OBf/B0R1sIFHQ8pzUbLRRSBCgk04FoI8CkJ6Ol/kBBtpOMQZkUhvA4vyYLqTIfkTiQi9J2qDKQ5rZ2RBm1nTrp/z4HgsarPiusH8DYZR"
        "MSKmWBQHYzEe0lYC4vUDO6vH4yfW4i2d7Cr7hfmSv1XyLebPqEt47/yHB//mj8V9Tb/3vP/sd2KM2QQ="
    ),
    "types": (
        "eNrFmM1vG0UYxsd24rjbNp9AaQppoC1JoXXWXscfTdqYbVlaXNpkS4sJH45jb2LTjTevPU5JEagSBKmqhAQXpB44cOMCSCAhxH/ADdQDhx6K"
        "OPUCPXLgwMzOer0zVuI0lsoqzjirfX7vM/POvDOb2UygC6FQCLVc/WgQ5auFUnnNmCjmcT68etXU1F40z103/B8AGs/2EMGSaeVxJA6+AraI"
        "Lpyr47JZk3JVY7FeNos5bFRqVjW3FpXAP84kNfJkftmAAJNIZ/Pm0iV2T4KurI88IkN3NkDawmodgpkuDD1zGZTp2oBQxrcBu24WCpZpGgVc"
        "tio16WK1aFSN4plyAUsgHdVhN4Y9Ouxt+lOi0Fsi4UuNkBq968bss2NGoL9kxxpwYg3SWEM3SxT5GIbHdXiiiYzHYB+HPGPVF03DZT5pM6Ow"
        "nzGHHeYBynyKMZ/GMKLDwSxNw2JjHEc5qKqx2y72GRurwLMMe8jBHqbYIwz7HIYxHcazJMOoXMFJOMohT5fyVRf3vI2LwQsMd8zBHae4MMNN"
        "YJB1iGS7GY5YjHK8SyWr2hxKxQZOQowBJx1gnAITDJjEkNLhRANIcjPFAc9VmrhpGxeHkwx3ysHNUFya4V7EoOpwuoEjeTnD4c5blWWX95LN"
        "S4DGeC87vLOUd47xXsGQ0eG8zavb4/cqn5J13MzyBZuXhIuMN+vw5ihPZ7xLGF7T4XI26PDIAF5ps1YUCV5vRgw760W6XMHrq0bRDZ61g6fg"
        "DRI8hGHeCf4mDf4WC/62Y5oFluAdDDkdFlwzZPDzJTtWKZv100UgwyLB9WMoOLgixRkMt+TBKWRFL2Mo6VB2cWTw3+VxEbhKcKMYTAe3QnEV"
        "hrM8uHhMglUMoEPVnrmLlmVCjR95csvtPGb8KNTZ0K85/GuU/x7jr2O4rsP79fBspid0cmThw+8ImX5mN61/+9But/6Fl6zqSh7n1oxqjRQa"
        "Te1plMEIBf74992PaALoZ3PgMEo0gU4mc3mzvFxZMSpYUxWhtG7riseogZlrcJ8Ogn9LAwNoxjWwSOauRaulpk7tJG7jMssYmwb1sHHyz/00"
        "+8EtPfSiU9yuMiFr6okODBDkNEojlTr4fOzn+zRkqI2Dad5BRFOTqIP45LoxQ36lyU+a+rh1YOFIv72Dbu0jxvuIaqqMdha/cT2Ycb6kWROy"
        "/Xx97a8/Rslfo238HOb9KJo6itrHJ31Ps35/v3z3mx2Mf6yj8ff5AzT20Cc/3aLFoqtN7DQfe1JTpzuZ/vN00ftRAFEPH38xP7GD/sc7nX8+"
        "Z+UH7Lgk399+OraD+ZfoZP75nNbvtAGnpX6kQfTZDuZfclvzr7P8px59/vvQlFB/SAlMoEee/z6kCD5IIZxA/1v++9AhwQ8piAdR2/z7fDTG"
        "vz/cvtA+/32eHdDdyzva/xSJRv/1y+XL7fffERRtHgDsLtaMapmcAK7n6etLrlzU1PBDmpHjKVmJpeRUKpFUIrGYkpiU5agiRyejCvkWjyRl"
        "JRqXk9TlhUr3L+PEx7jt0menquHTeybqb3EuvgeKau8BaB8v7UabnaJEiPcQM8wx5ryQlpOTyPEeRAY4zm8ejnsAEuXeU0QvJ78SRMLZRdR6"
        "d35e+7uojYha7y7Naxd6BG1U1Hp3Xl77QNQqotZbOXktfR3ld2pR6614vPaOqJ1s6a+nSglxdwnauKj1VhRee0/UJrbf31VJ0CYfor+iNrVV"
        "f/v4/u4W54a8VYd58b0WccvM8tZGXry6RxS3TC1vaePFdzziTZa0t+KMcGJ9L2pTC2czweCxRuUMHHeVQ0L7VRdr/9nb2HGC9F8z6PZgc2ea"
        "zXQHmWbIfp49+x+ipShk"
    ),
    "an optimiser": (
        "eNqlVctvG0UYHz+ycZbiPAhJGyA8ysOhre21ndhO2hhZsEZaVEIQ0qpStZrsTuwt66y/3XHaBEWqVAJYQhxQDz1V4o64wh+RICHBAYkDjxMS"
        "UiUuHDjAzG7i7G6VWE1ntVppdn6P+eb7vllREkmEUin00BhDEwg7esvcJDkDU5ztfGjJ9TS6Fhq34zuAMuoQA7gUUwKxHYgraAcSGTXpTZIO"
        "JHVqM6as1qWm5YqaQ9a6pmVolGy4tqNtFkQYymTUYW+97eAmAcGHiLJlY/q+PynCsBpja/KQUhPsq3e6MKLEKIjvKWhurqfrtmURnZr2hiu+"
        "6xjEIcabpk5FeGJuFc5QeHIV0p4KudXR8GYTRltMtyW0fF4JxlojSpzCOONT4rswocR24alei8MnKTy9ClOqeATXXIDpEEMBzvoM5w4YZjjD"
        "Mz7DsxSeW4XZrqueYUs72MFtrenY3Y4Lz1+HF3bgxYwaZ38sB15q1H71T8GL7Bqh2IXzjdpfe3zsN2oP/vn+56lPL3wCL3uRIIzjlcbyW1tf"
        "/J7/fNHjv0nMZotqBtHxFrzaqH28/Vvjm8mPvO3jttt0sAGv9VR+8G18y2yb2wQyPe/3uu0QrLdg7qq3Wx13aNfBaxaB13tqms0Y5vo6C+4G"
        "Nb3ZCz3P5XrXJQZcvKpO8SVEZzuziKGFjFz6TBUON+9C9jrkFIS7uJtdUYZTk+K/599mEeDvyrF5OY2K/bzMMqttTLVN4rjs1OV6LpKeA4fE"
        "hb998Msdfnz8PV54BpWPhA/yVMOW2dxos1DI9eKjavOxUOIGajfhT3708RMNjKNa38DaFiU2T3G5vnQa3cNhmZRahHvYvfLHOX42woke0mg5"
        "1BVyebm++BgGELpd4+o3bnz1Ne8XyQHqb4TVJbl++XG2f21/b+/K/t47y9zDT/fvSVw0NcDD5bCHglyvnNqDPXFnkb1LXD93VysM1h9FS339"
        "ft6XT2ugKHLlH+43Pxicf7OocFQA3tZd4pisArYx77maacj17CMayVdK1VKlUimVqwvz+VKlXJzPS+V5NlctFiRpoVpgT1XyyvQ768e/M8xH"
        "xnMZ42b7PoO9Y+wh59F7LIoONoDpEPJeHB3XbaIkwSKeCRduAp3QOaI8wUIcD/F8GeDpN4AoPFhJ6RB8KokitRvFBisgjL0bxUpRbDB7w9iz"
        "QxFsIYoN5t9oOP4B7DFxD6bFbAg8IaABCbuiCMLFw/ROXOojRyLfRvxAS/C/DMdvSvTfgQf/5hgSfMyIt95f+z8Lki66"
    ),
    "plain data": (
        "eNqlVUtv1FYUvuOZTAYDeVAgENo0LS11SpiM5+GZ8JpoQEaqKxoMRaNKkeV4bjIGx86x7wwPKQIJDYT+BtSqi+5YILEoOxb8AWDFgl27aaWq"
        "q0qVWKT32sNgOyTQ5kp+3vN957v3nM+eVZIphDIZtG4MoV1Id42m2cZTDZ3o2eXLllwbQN9Fxk1uBZBQpxzIM69jSBjEoSD+PH3ggVM4JXkb"
        "kh1IqdBX76NRDXJtGUO6G7ZgOToRJR7662k2idumgSHTnQ0eedhWT9JJY7kFfAe2q7DDZ5q/RrAHOw3NcBrY8HhssxseBvxo9OQxDPqklk5M"
        "W4Sh2zCswi5/0sMEPjA0bb5lWnRS03j6hofdc7BHUBIKhzuwV4WRej9L67Rsgl3YZxiOZWGDmI7t8aeCtzzsX4FRoZ6ggTocUDj/bh4+VBKt"
        "DnykwpgvwcYewQ34eA7GKf/Z1TvwyQp8qiR9Mb89ugsHPewns1tL89j14LM5+Fw4c+OfoBTf76SnmT/+JPLTe5M/7vjq1dra2pmZVDCJ69vo"
        "eVl39SXMdB4KNi+rtYhpebzmYrbKhtaL0K6YpKl5RCd0s74QNggn2PYcV2vneRAEwRfn0Uh9EcNEtzwyK9754CUPX/pLz8HhXrEmFY7AkXMK"
        "UrgOZJVEB6buRjbxG7eBXdw4bRp083MTKogE8ioUVpvsobgCJT+v6WkWTQLSqkegrELFbzcL6wsw3aTimhPNILkIR5uTSoLAMZaU5jvOTicC"
        "upMEqirMtLKzSn/m6/4H4w85hNgxu6EFRlCmZ4HsguMu6URr0/JQ8XIt5TtBZGy//PXyFsvPjo3ZRlH5DVt3LzXdMhftJWwTuVaIWeu9hlRk"
        "AqpX4He6EsRtKmAYVXsCmHkctv1y7dj/yft6WCYhFmYaOid+3c96Pb2phgF0MvJVmcrJtaNbEIDQzSozB1PQ/rmaZSkz71BwPKpAlGsVtJX8"
        "LPelSz/dZ12Z2jT3YKgCvUba0v4XeJb92Q+L3767/mMo/6YB/aV72DVpB17XmR81syHXsv9RTK4kiWKuUsoXJHFaKudK+emiWCiWi6VKSZJy"
        "02VJLFWkYo6p3Hfv1d8C1SH4KhNMbE9n2JBD65TH/0NxdNiAIxFkMok2snCcJGyi0QjJuTDJOufGecJGGI7wPA/x9AwYh4e7eCACv5hCMe/E"
        "seEujGJfxLFiHBvuocEI9kIfindtHBwu7Vh0zSHw25tuVkmnJ1+3aPJID5mJXbdzwfVqOrhSHPs7oFvdgODr25cOMBk/Poj9FzwMFfU="
    ),
    "numbers of NumPy": (
        "eNqllEtv00AQxzd24qbm0aYUSguUNwQEqZO0eQClVZBywKiKLCEiLpHjLLWFY3c2m6IgISGhvsSRO1+ACzc+AJ+gF07cOMGFKwckWD+aOI5C"
        "1bJSMpZ3Z+Y3O39PReajCMXjaGCNowmkEk031vFcQ6Vqau25WS4dR0/71mvuFaBkVWAOLU01VQIRzWo31zqpmmYTnGq2TWqohKgd0dsXgfMO"
        "iA3aWcMi8FWOOT8rQHRnewtiCghJma9G2Lt7MLKysvLwD1vun4woxOsaC9zAWkvElvMgwmi1Rx9dBtGFMVVqWGk4sglHFTi2CccVGKvG2IbL"
        "AuPDIGsEa7bVoqStURESPqrV8HZhQkYbcEIfdfnqMKmzBCcVOLUFUwqcTsoRmZP5TZjWvaqMAsw4VZ1R4CyrSh+s51x9h0WTAvce8S3nW36v"
        "NN/GfAuzTvLzClygcLFeHXEu0SaUqBZc0hO6S3pZZ2RXFLjaJbumC9ssYXqg3fFlz37+uOT333+BfDu5DNedjEkFblC4WW+nKvJI/MmDH4u/"
        "GbLzqwzV0hRa6mopxSibKq2tY9IybKtcuhuS1IFW2oH49PPrm4h/dcMhZlC+B9GiNlFXcU01jVWriS1aLmUPw5GbdwCWXsB3zu/ZcIBE4Bbq"
        "HYpt0sDkP+s3DUpN7DBsLH6bdpQv/JNhDC12GbodKB6eICs6uXffrz7ev/5ZlOk1wBkpcy1MDNaBl+xjta2a0SiXUgdEkTJFqTCfK+Ty+Xwu"
        "U8xk09K8JEk5ZovphWI2Iy2kc4Wi26UPd+z7ScaRdCkj7ge2xxnU8fgAeXgOhr2DApzq83zEoWHKDwcJimimL8huMMiAcsNxgkJI9MVReDQo"
        "wLB7sJdjfe5fAu5Daghe8Wx/7ijap/kVWRBu7UmFv931FEL2nT8hf/kTkfk5ww+9FXoDtCLHBM9HcM97Z/8CSMKQdQ=="
    ),
    "a module": (
        "eNqlVU1v20YQpWRbkulUsp0mrp3Y/W7lNpFJyZLlJLYTtRAKMGgdtSmIAAWxolYiYZr0kEsrSWGgQeA6OfXSUw/5Bbn3EKD/oUWPvQQ99ZIC"
        "/QXdXdoSSVk2Wi9Arbjz3rzZnZnlpjIyKgiZjDAwJoVpAbm6Ye7ipRYiqLCzZdVrWeFeZHyX1IlDUQXbLmw7Ld/CXsEybYxc8XYwgbD4CBJ7"
        "kMyrTIW4yLRNuwMjT9QJ+q7tIBdtY4JdD0b3YCyvpuhqF5sdg0Dq0LnmE9PyRM3FTd+0Wn2OCOkhEIJtz3G13aIImXxeTVOnHkWiDobxgCLW"
        "LQeRL4NFEUQ1QTESTKgjdNZ3fDinJAi8dkcRlISS+B6ywZR7quuOZWGdmI7tiV+4Lezi1qemTkSYXGzAFIHpBpx/YrCX1w/gQgMuqvSMhaaJ"
        "PJgx0gaNxxg3Aj0Z3jC4zizX2Yc59nPpKWdfJjDfgIXA1ZsH8FYD3vb5KWpNv91mR/bOHryrXmIrtmNrO3TJ9OjWyRFA8zCB93RNY6dCTFvT"
        "RLoiwvvfwAf78GED8up57g/pW13k0qN1sWY4zpYHi1z2IzUXsQe2j7ntinqR2UxPa/uWFcXA1c/VLLO2HTdELHDikjo3YNK6JjE05qDjgcRh"
        "snp5EIasLnrgaTqiOWhBkQNL6nQY2N/DMjeX1YVjzRHJCoeuqFMM6hFEsNaiST10VOXWVfVCzNqXusYR14Od0cpqHQ+7wWFrQc4GYI53JLjO"
        "cRtBtg87C27uwS3eNTSRbYyI79LFmpJQz9E1xyf9xU+UhN8sbCrpzNoPD+8/oyXNns2h3T4jzPe6vUAPahsRbZdVk2PXa7Oxpg8NmUn8/Pcf"
        "j1kxs2e4xJyw0pc47EWaTbNjb9OCrddKw1WGj8oyC2CjC38lqUTyxACmhI1eAM0HBDusdeu16/9H92hYJiEWZjHsr/05y66u1IkxZIX1yK26"
        "JNVr184QwO1vD9aZeu75o3l2yYyeon4zqi7XazfOsv17z1/89AvTV37c/+x0/VwoA73qOtP5l0Sm/uuzzt3T878gFPsFyLfvYdekFfgQsbtc"
        "M1v1WuE/BiOVK7IsVcvFUkVeraxI5eLqsiSvSmW5UpWkilyVV0rlqiyxKP+5+/JVnsaR51EmWLC9OMNdOjkQefw7HGeHG3Amwnw1Igzr67iT"
        "cBPNRZzcGRVO6Ny4n3AjTEX8/Bby02vAOD1cydkI/esxIdY7cW64CqPc3+NcOc4N11Auwv0qJcSrNk4Op3YhuucQ+fii21RSqStHJTpytcfM"
        "xOaJZDDfTwcz5fF/j8eD9+D2HUsFnAzHB9h/ASU6fDo="
    ),
    "arguments": (
        "eNqllL9Lw0AUxy9pTUsHqw4WO3SuoDVJa36gpdChS0G6CMXBcrZnDaZNcwkVhYIiLuKku/+Gf4STu5uTk3+B6J3B9HLVinoQHgnv+97n7n1z"
        "jXosDkAyCSbWHFgAELcPrCFa60AfFgaHdq06C3Yi61QcuaBJSpDcrucKbRIGEHsotQV7yBvANkq54vKZGxu58aZI8mzsztQFb88rNOqJpPz6"
        "trtJvtKn8S1LBlRClsK+g3vQbw0R9iynX6tucEi/WgqFuHt5PBdIG2EqRBboYwjPdzDsoha0rW6/h/p+rVr8C4dWogCVI/eZno04FWCeOYW9"
        "Yx85uIPwP/dvW75vI8pwUX5akkgXaSpDGpRDhnAC5t8Jiina++G2u/3z/nNAHQ+AWnLNQ9giEziBPuFoWZ1atfBLFFk1ZaOkGZqu65pqqkVF"
        "LsmyrKuKqZiqrK1rJV0xDI1S7hYvy3nCkf+gFChsyMn6eG6CnP+PeDVrwExEecWoOefzRVgTZaPGEcAU5/J1WCPMR+pcM3VCA/JydpbpiHxR"
        "BLx3eDF7xLlob0b89fAbdUla+bRKbDVUSly8EYJoxIJIdAka7+PBe3ALzEiBRvrID3LfAUf0GwQ="
    ),
    "complex numbers": (
        "eNqlVL9v00AUPtuNbQykLUtFh85BAjeO85OqRArIiwfSIFDUxXLtI1g4cc6+BKiEVAl1QPwP7PwF8B/AhmBADN2KkJhYGGDjzqbu2VFTKCfZ"
        "T9a973vfO3/vuqawAIAsg5m1BC4BO3QeeFO47trYVscPfaNTBNuZtcc/RaDPkfxdxDk4IADVmmDPjxQrhDsTz3ctDEdREFrTioL4UqkvkeSI"
        "ZNoDiIQEotwMhmMfPjb8wMZ3kj0FLcS8ZVToCyQ64wkSTQ4jacsEJrePZPo699xxAt+HDvaCUaTcDl0YQveW52AFKVd66DxGF3roYqR2TUne"
        "/HTw4hWhok/3xMZXmMbV+0E4tLE1hWFECsz2r1He198PnlGp3FzeVdA45v1zAJbte4PREI6w0dFz1H+16lUqoP0IfeNJCX6ugGXQTgXsPMEw"
        "oIdldDbOUvdo+R7GPqQa9jcPL4ukijhXQxHcyLhqvWx0rv+HAAD22iCuKMlfvxz2aUl5roJFsJEqSH9r46wSdIVW/vBycPf0818DlWMDxM1H"
        "MPSIA3Zt6l7Lc42O+o9CtFqj0tRarZqmNWvVelUvV+rlmq63KjWtqZXrVa3VJBkNqnL73Y83JaKjFKvkqNhUJzsaSzPK8/dAHs0OwEoG+YtB"
        "54YpT8KaeDVDssWBOZOT52GNuJzh+cjwpAOQh7MuKmbg93iQ824ey/pgMYP9zGBP6J/9PWsZcE8Apxina4ri1SObCddSpJSL77kk/hSSSHDx"
        "1ttC8p3cYAUxwUhxfpL7G9vqXX0="
    ),
    "float8": (
        "eNqlVD1v00AYPjupHQykX0NFh85BgtRfSRwQrWQhS+CBUFQRsViufUkNjp2zL0GthISEKsEIAyM7v4AfwA9ASIxssDCxM3EXB9d2aArtK9mn"
        "k9/nfZ5773ndMUtlACoVMBNLYAXYkbPvjeGma2O7PnziG3oVPMrFc/YZAl2G5B8ixsEhAdStEfb8WLAiuDfyfNfCMIjDyBorAmJrtS5PkmOS"
        "afchKk0h072wG+CDIXQfTLeoPCktooVuiazOcIQ4k8GIv28CkzlCFfq68MpxQt+HDvbCIBbuRS6MoHvbc7CAhKs76GLCIfT80MaaBdWB0gsE"
        "dAmjyzuoGtc7Jl+5+/L7nY+EgT6dE1uyBrS0JfVeGA1sbI1hFBNeQ1cLnfm3kCj7h59fX9BzMnPZ10HrmH3aMMv2vX4wgAE2dOUsApoqFbD9"
        "FP1gCQU7V8Ay2E4F7B1gGNJOG/rNMx18Gr6HsQ+phqNb365whIWbq6EKtnKu3BQN/cY5BGiUevUh+HV6/xeBnlKnt751nsOTUAQq4PO7/u7p"
        "/d8A8rEBJoePYeQRBxza1PqW5xp6/T/1SI2WrEntdkOStIbaVBVRboqqIolyq92QlbYsiaoqaw2q8vH7L80a0VGbqGSo2FRndoCWZpQX/yNF"
        "dHYA1nLIVQacNHLFIlkTr+eKvM4WmZmcYp2sEZdzdVZYMDsARXjWTNUc/C0LCt4tYrM+WMzPXgkUzVcEZ69nIwd+kwH/3Tgdk+Ou/bFZ6XqK"
        "5AvrJyZZtXKyEtzkE88l+2SCFrgEw0/yk9zfvSxs6g=="
    ),
    "before 1.6": (
        "eNptUb1O3EAQ9t/dhSUQCH8haShNcwJ0cEcVCkSz4idHs01k+ezVeZHjvfGOQSCdcAMiPEOKlLwFz8MjIFEw9imiCKudkXa+me+b2Smde5a+"
        "/Dl4Xjt7OFltl87hk0t+DJYv5izLGuUadaTT4FzmRukMbEoQM4SkCjGVgcxiFWbg3AlGQbwcycCoK2nAHYPniwYFTaJzhAZ3hEsvlSE0uSe8"
        "ikNnQ2hxryhIMyKZVEZIKoYd57HMZbyvImRgrffB9kWTKi6kGiYIToQ6j5J2UKBKDQtyOShUGgcoM6Pz4HyLgev7olWpU2Y4lOBNSthBqkM8"
        "nQQZNMQs5ex2Nra2e5vdbm9np7MBzbrRaFRQb80jhA8/uMVd7tzCFHe4fQvsd1L1NI3wsQ8z9SgDFRqYTUg18ZL/WLu9DnxKWtwltrma7Qbm"
        "uX0DnydMCwiLfVgqxrAspqg0+CUxjEMMYaXGvwgKWrA6hq/1UP+28Y3bxpgB/d7PamPvzGK/14oj29Vnvp3yO7k9umQl2d899w17JEd4ef0K"
        "8f+PZg=="
    ),
    "a program": (
        "eNoL8GZmYWDg4GDAAHwMIgyJRckZmWWp+imJJYn6Bm5OAgxRaMCnut0uwJudg39NoyzQIAYQDsBjpgOqmYZuTjYYZpIC1uyetQ9kv/eUVg/C"
        "9gsw2KHYr1eQnePmZEWBCxqYkuPjS/KBZsbH64Fpvbw8vdz8lNKc1GK9nMy81MQiLh8IVcig2VirEcEGdEh5amZ6RkkhYzJES3xpSWZOMVd8"
        "UWpSaWZOSnxJal5xflF8mRFXIZOGRgQ7UEcxUGViemohM0QLl1tOfmJJMESQq5AlghGoxqCQNYIZSCcXlBayeTOWBBayezNoeDMCmRCyIzk5"
        "PycnNbkkMz+vmMu/KCW1KDXFJTO5hKuQQzOoJKiQMwIUgEmZicWFXBlAqzOYMyBGGxZyZ0CM5AEbCTKwpCMDoos3AhTWJUWJmXmZeemFfB0R"
        "YkB+fGZxfFppTk58UmJydnliUUp8Rn5+diG/X2lSoYAeKNLMN/95Ywk0HYRBkSYCjDTMWDNk0IBHWnJ+Sqo+PMD1wbR+Xp4+NMD1IQGuV1Dp"
        "5qRCVKzWBuzOO2zAc+ezaIu6dAFriemEvrm3/G42OUzI1RJbFNAmx/Hr+9KM7S+mdD65+/HHjD2enHYyCzvfps/oPp5nwZCxd1bGuxmGamsf"
        "cjx/1vhu15Nl7WklaoV7OvJ0rv3r1NryMqFBOIhr4sRV/+OfZ8hY7jIya3uwutf7ltj7rxnLbh8+EqmveGfGf66W5e9FIx97RJvsdFmT9r6v"
        "x976lPi836dKNH5q2i9mlU4yzReusv7wzvJI5sUozxCXV3ryHqdOO1/5Nn3e7tc/tj65r2xVUXn7suONvy+UQ7K3hjqdeGsdU8yo/GkWy+0b"
        "uWHa//7mXfGOL//BCApz1YVW6W+BoTofb5hbM2iRHuZ6KcDkmx4PzlNqROYpX9/TfoccROZ++hD4l6HcL2IqS5qKnk/EDAclLzeTlb5vjpks"
        "lX3hMbNMrnXDBQnzv9z7r2o2PXx2785xy+fz1s+qZ2SQsN09uVF8T9/e9gdHi4/7f280l7C7x/ngBxvboU/rfZrVkqyaN/usc5a07lq2mS/F"
        "Rr9EvmrKap9tid/LzL/lBn4+X75JK2rtNN1X/54ePKm7o8lq4e/pBvxTnbZl/DBn1/EsVbSUWTilUMor/fWNxqm2UcFm/t9OT2ldldu9zN4k"
        "a810y2U1reEWqcFz8ksmfcy+8jrxqMnbZ4lbOJ6HJM49qXFwzuNUMfGVln92LqhR7ttioaZwy+iC9WWNE5FbPFba6kZIsfe8nqKZ2y38/OzC"
        "W6oNDUFz8mafPNk+NYRjo0fvFV9TjhURvp9iuWavOZHuuaboU7Lq/0lBc6a+EAfF4524h/dNgXE4lRFfgSfKwIEUj3nFJYl5JcWQUo+FAVJ+"
        "aYKzYq4+Zzjh8pOfwR5uXFlqUTGwGHFzsqakADfmAtl+cV56KBPQfCa8tgsi2Z5UWZKaDyq/KLQ/J7OkJCcV5IZW28eSoKKZDa8b5Bj04G7Q"
        "A1dhxalFmYk5mVWJoEI1PjPFzUmLBAcZGhmbGxiYmRhbGpobGxqbW5gZmBoaGBqbmVkYGxiZGBgYmgFVmFiAXGhrWu6oAXSDBtiFjKDAgrsR"
        "uf7lw3A1aj2Orhe57kTVG4Ku1xBdL3IRLoCi9wqaXlCqg+hGFDnIhZEhiu5OJgbSCyB045HziDWK8X+ZGSgp39BDATn3iKJYdJSVAXsGRDcC"
        "OQvwoxghwsaAnunQNSOnXUEUzZOQNMPzDLp25IQlh6JdjJ2BQHIP8GZj04FlDmZduE5ONLqTCULvYIfQQH1gliMXhM8IFmNlg+jhBKuHqAUA"
        "4FEE0A=="
    ),
}

FILES = {name: zlib.decompress(base64.b64decode(text)) for name, text in _PACKED.items()}
